BEGIN TRANSACTION;
CREATE TABLE actions (
	id INTEGER NOT NULL, 
	token VARCHAR, 
	who BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	verb VARCHAR NOT NULL, 
	newsletter VARCHAR, 
	issue INTEGER, 
	detail TEXT NOT NULL, 
	guild BIGINT, 
	channel BIGINT, 
	begun_at DATETIME NOT NULL, 
	outcome TEXT, 
	done_at DATETIME, 
	note TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (token)
);
CREATE TABLE copies (
	id INTEGER NOT NULL, 
	issue INTEGER NOT NULL, 
	guild BIGINT NOT NULL, 
	channel BIGINT NOT NULL, 
	series VARCHAR NOT NULL, 
	keys JSON, 
	created_at DATETIME NOT NULL, 
	shown VARCHAR, 
	shown_as VARCHAR, 
	approved VARCHAR, 
	PRIMARY KEY (id), 
	FOREIGN KEY(issue) REFERENCES issues (id)
);
CREATE TABLE intents (
	id INTEGER NOT NULL, 
	thing VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	issue INTEGER NOT NULL, 
	channel BIGINT NOT NULL, 
	series VARCHAR DEFAULT '' NOT NULL, 
	"key" VARCHAR, 
	message BIGINT, 
	nonce VARCHAR NOT NULL, 
	payload JSON NOT NULL, 
	digest VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (thing), 
	FOREIGN KEY(issue) REFERENCES issues (id), 
	UNIQUE (nonce)
);
INSERT INTO "intents" VALUES(1,'send:5:100000000000000001:compiler-module','send',5,100000000000000001,'','compiler-module',NULL,'6QEAdTju_PyOlH1sAIndzA','{"body": {"content": "## Compiler Module", "embeds": [{"description": "Silver anchor garden lamp orchid planet quorum garden velvet quorum button.\n\nSummer packet thread silver ticket parser yonder copper harbour planet candle.\n\nModule release summer summer velvet orchid button window module velvet garden.\n\nCompiler candle packet meadow anchor ticket garden lamp quorum release review.\n\nWalnut module release anchor meadow anchor module release winter candle quorum.\n\nSignal button anchor velvet review button candle module quorum harbour parser.\n\nWinter silver orchid ticket harbour harbour kettle kettle harbour spindle thread.\n\nSignal spindle bridge anchor winter packet anchor summer yonder ticket velvet."}], "allowed_mentions": {"parse": []}}, "files": [], "after": 1006}','a587bee457ad0616557c5b8ea7e87c9912c17c2e963f848382107112e44df4c0','2026-03-02 12:30:00.000000');
CREATE TABLE issues (
	id INTEGER NOT NULL, 
	newsletter VARCHAR NOT NULL, 
	explicit VARCHAR, 
	path VARCHAR NOT NULL, 
	slug VARCHAR NOT NULL, 
	title TEXT NOT NULL, 
	date VARCHAR, 
	blob VARCHAR NOT NULL, 
	fingerprint TEXT NOT NULL, 
	first_seen DATETIME NOT NULL, 
	changed_at DATETIME NOT NULL, 
	draft BOOLEAN DEFAULT 0 NOT NULL, 
	broken TEXT, 
	listed_at DATETIME, 
	gone_at DATETIME, 
	doubt TEXT, 
	doubt_issue INTEGER, 
	state VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	until DATETIME, 
	baseline BOOLEAN NOT NULL, 
	approved_at DATETIME, 
	announced_at DATETIME, 
	pinged_at DATETIME, 
	retracted_at DATETIME, 
	shown VARCHAR, 
	shown_as VARCHAR, 
	late VARCHAR, 
	asked_at DATETIME, 
	error TEXT, 
	error_at DATETIME, 
	on_hold_at DATETIME, 
	scheduled_at DATETIME, 
	skipped_at DATETIME, 
	withheld JSON, 
	approved VARCHAR, 
	approved_posts BLOB, 
	approval_binds BOOLEAN DEFAULT 0 NOT NULL, 
	asks VARCHAR, 
	declined VARCHAR, 
	PRIMARY KEY (id), 
	FOREIGN KEY(newsletter) REFERENCES newsletters (name)
);
INSERT INTO "issues" VALUES(1,'weekly',NULL,'posts/2026-02-23-news.md','news','News of week 08','2026-02-23','b0893684b99e27b349a29089ffd592909bdfcf02','014a769840e878 03558fa3ee2113 03a6cb05c4a378 065387dbb4c078 239ba127f47376 26782972417776 29c5dfce464e77 401e326d92e075 4679f7a070dd77 4af5256000c178 631efa9e7c8913 6caa263d448914 7ea6d80d225b15 7f474317387e76 848837ed79f874 88f2c473e1cf21 8abd0b85bee776 90bdb19df66177 ab2b0202b1c175 abb346b7a01477 af86b14c334a78 bbcd0ff518d778 c0a55818a52c45 c0bef30e614676 cdb52753d76267 cf202b2522a176 d933836dac4676 e3f0ca03b5f180 e6326745cd1b81 eeb8b464b9b576 f781beb33e0674','2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000',0,NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,'baseline','it had been published before the first run',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'b0893684b99e27b349a29089ffd592909bdfcf02+?',NULL,0,NULL,NULL);
INSERT INTO "issues" VALUES(2,'weekly',NULL,'posts/2026-02-16-news.md','news','News of week 07','2026-02-16','dfb8cbaba10cd54991e40dd6a364f3a04e8aeaf2','0faa534f160479 11bab498f77577 127ee826d27415 12df67f8c74e77 134b4c5c440f76 1eec1065191d74 2ea118e51c0b78 32e480dc989980 3dc7e85b85c278 538b7efe7a3874 56d08553846477 5e43632f010578 5ec8671c046877 60c200ad284e21 694c7f5cccf580 6accdbfd78aa13 6cd97bd2a98773 7160586cd4fc75 816c6dac0aaa77 8515d827acbd79 a6359adb156513 b878f72c658b78 c0a55818a52c45 c95f5a44b9be78 ca3b6b18391a15 cdb52753d76267 d599f63f604576 ddc546422fb178 ddefd3f553b377 ec335eedc2a777 fc2dfefd478178','2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000',0,NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,'baseline','it had been published before the first run',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'dfb8cbaba10cd54991e40dd6a364f3a04e8aeaf2+?',NULL,0,NULL,NULL);
INSERT INTO "issues" VALUES(3,'weekly',NULL,'posts/about.md','about','About',NULL,'3e6529e3a7654642c05a183cd485fb16f2f75ca1','3013403297e616 a4262e1c9bcb5','2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000',0,NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,'baseline','it had been published before the first run',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'3e6529e3a7654642c05a183cd485fb16f2f75ca1+?',NULL,0,NULL,NULL);
INSERT INTO "issues" VALUES(4,'weekly',NULL,'posts/2026-03-02-news.md','news','News of today','2026-03-02','ca73b99e04c2433e0bea06e2afb41f1533b8d6ec','19aac4aab90279 20662bcbec9377 223c2747dba283 298e7b17c18e76 32650aa4302476 40efa1d2640079 49981cdeaa9177 4bc3f0a1b65a19 4c672196c3f779 5623d4ea8f5815 615cd650163e77 6822ee32ce6b77 79145288e81713 7b9c60291e6a77 929e58d428a274 9c730595937a13 9ce1e95b10bf79 9ce85771afdc75 a7cc81ad031d77 a97571c14c8f78 aadd529650a315 b2f24ba91a2075 c0a55818a52c45 cae5bf86513e78 cb10089d3b5678 cdb52753d76267 d1d03e1f91f276 d6fded0cb38877 da9445ba61fd79 fc75713bd98376 fefdf4dd982c77','2026-03-02 11:10:00.000000','2026-03-02 11:10:00.000000',0,NULL,'2026-03-02 11:10:00.000000',NULL,NULL,NULL,'announced','it has been announced',NULL,0,NULL,'2026-03-02 11:20:00.000000',NULL,NULL,'ca73b99e04c2433e0bea06e2afb41f1533b8d6ec','0f631c7ba55866f2',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'ca73b99e04c2433e0bea06e2afb41f1533b8d6ec++Pd3Aldd8JJvae62J6Z3B.xaR0BZDaGoCsyLjPhVLd',NULL,0,NULL,NULL);
INSERT INTO "issues" VALUES(5,'weekly',NULL,'posts/2026-03-03-spring.md','spring','News of spring','2026-03-02','d7f694dd371c29373868547d7adf6576e7a39873','0376905132cd77 11b7f3f5982d74 30b3af9b495776 316412583a0b77 3248a56906a680 35212ce9147a78 35f6a1b0990d80 44ae3baa1c0377 5bd7d338266778 66d61c3b495779 6a2e30d6f75815 6d2bf0c84d0e77 88019ff3db5b20 888c38016f2176 9c5cb0c1518878 9de05850c30613 aadd529650a315 ab7b05be7b2976 b9dcbce70fce77 c0a55818a52c45 c0d596a8dcb774 c299e383b6e313 c9d7b767e52877 cdb52753d76267 d8f76e4ff88577 dadd7ab12b5077 dfa3e523709277 e41b375bff2178 ea6cd853c94376 ebfc006a8ca176 fbd8dac0912b79','2026-03-02 12:20:00.000000','2026-03-02 12:20:00.000000',0,NULL,'2026-03-02 12:20:00.000000',NULL,NULL,NULL,'announced','it has been announced',NULL,0,NULL,'2026-03-02 12:30:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,'Discord had a fault','2026-03-02 12:30:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
CREATE TABLE lost_sends (
	id INTEGER NOT NULL, 
	issue INTEGER NOT NULL, 
	channel BIGINT NOT NULL, 
	body JSON NOT NULL, 
	"after" BIGINT NOT NULL, 
	given_up_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(issue) REFERENCES issues (id)
);
CREATE TABLE newsletters (
	name VARCHAR NOT NULL, 
	commit_id VARCHAR, 
	baseline_at DATETIME, 
	last_pass_at DATETIME, 
	error TEXT, 
	error_at DATETIME, 
	paused_at DATETIME, 
	PRIMARY KEY (name)
);
INSERT INTO "newsletters" VALUES('weekly','0000000000000000000000000000000000000003','2026-03-02 10:00:00.000000','2026-03-02 12:30:00.000000',NULL,NULL,NULL);
CREATE TABLE receipts (
	message BIGINT NOT NULL, 
	issue INTEGER NOT NULL, 
	channel BIGINT NOT NULL, 
	series VARCHAR DEFAULT '' NOT NULL, 
	"key" VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	sent_at DATETIME NOT NULL, 
	published_at DATETIME, 
	not_before DATETIME, 
	released_at DATETIME, 
	PRIMARY KEY (message), 
	FOREIGN KEY(issue) REFERENCES issues (id)
);
INSERT INTO "receipts" VALUES(1001,4,100000000000000001,'','cover','f24eb4dd3cf89a1335177425c4c4d5859d306c5894dc79c6e51079d56c77c3ee','2026-03-02 11:20:00.000000',NULL,NULL,NULL);
INSERT INTO "receipts" VALUES(1002,4,100000000000000001,'','compiler-button','db1a9450393494f4aaa854d5fc9173244ece10ee05111877d710b4877a43f902','2026-03-02 11:20:00.000000',NULL,NULL,NULL);
INSERT INTO "receipts" VALUES(1003,4,100000000000000001,'','velvet-kettle','ce0d12442a26565a8aaee926abcf1bec0b3e150c253cbfd58b2ca78e84d158b3','2026-03-02 11:20:00.000000',NULL,NULL,NULL);
INSERT INTO "receipts" VALUES(1004,4,100000000000000001,'','bridge-module','9fbe6afdba9c8068cffacc083bee4d0795b3a959adb0eeb804eded57ad269ba1','2026-03-02 11:20:00.000000',NULL,NULL,NULL);
INSERT INTO "receipts" VALUES(1005,5,100000000000000001,'','cover','9b91241a0ccf7cfda0c70860074e0c7d511ce1ec64a47a52ee67b2b67fde05f4','2026-03-02 12:30:00.000000',NULL,NULL,NULL);
INSERT INTO "receipts" VALUES(1006,5,100000000000000001,'','kettle-velvet','8c4739c0cc4e69e3e0297a54ab65e4227b12d6c33e55a027afa6ab016948157c','2026-03-02 12:30:00.000000',NULL,NULL,NULL);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(6);
CREATE TABLE server_events (
	guild BIGINT NOT NULL, 
	"key" VARCHAR NOT NULL, 
	scheduled_event BIGINT, 
	newsletter VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	told_digest VARCHAR, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (guild, "key")
);
CREATE TABLE troubles (
	newsletter VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	words TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	looks INTEGER NOT NULL, 
	told_at DATETIME, 
	PRIMARY KEY (newsletter, about)
);
CREATE TABLE waits (
	"key" VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	why TEXT NOT NULL, 
	times INTEGER NOT NULL, 
	status INTEGER NOT NULL, 
	code INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE INDEX actions_newsletter ON actions (newsletter, id);
CREATE INDEX server_events_newsletter ON server_events (newsletter);
CREATE UNIQUE INDEX issues_path ON issues (newsletter, path) WHERE state <> 'gone';
CREATE INDEX receipts_issue ON receipts (issue, channel);
CREATE INDEX receipts_published ON receipts (channel, published_at);
CREATE INDEX intents_issue ON intents (issue, channel);
CREATE INDEX lost_sends_issue ON lost_sends (issue);
CREATE UNIQUE INDEX copies_series ON copies (issue, channel, series);
COMMIT;
