"""The service: everything that a person, or the clock, may ask for."""

from collections.abc import Iterable, Mapping, Sequence

from heartbeat_bot.errors import UserError
from heartbeat_bot.features.actor import Asker
from heartbeat_bot.features.agenda.agenda import Agenda
from heartbeat_bot.features.agenda.server_events import ServerEvents
from heartbeat_bot.features.browse.reading import Reading
from heartbeat_bot.features.browse.searching import Searching
from heartbeat_bot.features.desk import Desk
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.looking import Looking
from heartbeat_bot.features.moderation.auditing import Auditing
from heartbeat_bot.features.moderation.authority import Authority
from heartbeat_bot.features.moderation.known_issues import KnownIssues
from heartbeat_bot.features.moderation.moderating import Moderating
from heartbeat_bot.features.moderation.notices import Notices
from heartbeat_bot.features.moderation.previewing import Previewing
from heartbeat_bot.features.moderation.reposting import Reposting
from heartbeat_bot.features.readers import Readers
from heartbeat_bot.features.router import Kind, OutdatedError, Pressable
from heartbeat_bot.features.status.alarms import Alarms
from heartbeat_bot.features.subscriptions import Subscribing
from heartbeat_bot.ids import ChannelId, MessageId
from heartbeat_bot.rendering.answers import Answer, Dialog
from heartbeat_bot.rendering.components import Press


class Service:
    """The verbs, by who asks for what; each returns what that person is to see."""

    def __init__(self, desk: Desk, *, answers: bool = True) -> None:
        """Set up everything over one desk; a process that ``answers`` nobody makes passes alone."""
        self._desk = desk
        self.auditing = Auditing(desk)
        self.authority = Authority(desk, self.auditing)
        self.readers = Readers(desk)
        self.server_events = ServerEvents(desk, authority=self.authority, auditing=self.auditing)
        self.indexing = Indexing(desk)
        self.alarms = Alarms(desk, self.auditing, unchecked=desk.names() if answers else ())
        self.looking = Looking(
            desk.passes,
            indexing=self.indexing,
            notices=Notices(desk),
            server_events=self.server_events,
            alarms=self.alarms,
            answers=answers,
        )
        self.known = KnownIssues(desk, self.authority)
        self.moderating = Moderating(desk, authority=self.authority, known=self.known, auditing=self.auditing, looking=self.looking)
        self.previewing = Previewing(desk, self.known)
        self.reading = Reading(desk, self.readers)
        self.agenda = Agenda(desk, self.readers)
        self.searching = Searching(desk, self.readers)
        self.subscribing = Subscribing(desk, self.readers, self.auditing)
        self.reposting = Reposting(desk, known=self.known, auditing=self.auditing, looking=self.looking)
        self._presses: Mapping[str, Pressable] = {
            **self.reading.presses,
            **self.agenda.presses,
            **self.searching.presses,
            **self.moderating.presses,
            **self.previewing.presses,
            **self.reposting.presses,
            **self.server_events.presses,
        }

    def kind(self, press: Press) -> Kind:
        """Tell what becomes of the message whose button is pressed."""
        known = self._presses.get(press.verb)
        return known.kind if known else Kind.REPLY

    def dialog(self, asker: Asker, press: Press) -> Dialog | None:
        """Return the dialog that a press opens, None when it opens none."""
        known = self._presses.get(press.verb)
        try:
            return known.ask(asker, press.arguments) if known and known.ask else None
        except OutdatedError:
            return None  # it is answered as any other press that is outdated

    def deleted(self, channel: ChannelId, messages: Iterable[MessageId]) -> None:
        """Keep in mind that messages of a channel were deleted, by whomever."""
        self._desk.deleted(channel, messages)

    async def press(self, asker: Asker, press: Press, values: Sequence[str]) -> Answer:
        """Do what a press asks for; ``values`` are what was chosen in a menu or typed into a dialog."""
        known = self._presses.get(press.verb)
        if known is None or known.handle is None:
            return Answer(content=asker.words.say("errors.old_button"))
        try:
            return await known.handle(asker, press.arguments, values)
        except OutdatedError:
            raise UserError(asker.words.say("errors.old_button")) from None
