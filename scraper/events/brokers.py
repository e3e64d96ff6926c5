"""The brokers that messages go to: topic exchanges of RabbitMQ and streams of Redis. Both confirm what they have."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

from scraper.core.config.listening import AMQP
from scraper.core.mongo_address import MongoAddress
from scraper.core.text import one_visible_line
from scraper.errors import EventsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeVar

    from scraper.core.config.listening import EventsConfig
    from scraper.events.message import EventMessage

    T = TypeVar("T")

CORRECT = "start it, or correct SWATHE_EVENTS_AMQP_URL"


class Broker(Protocol):
    """A connection to a broker; use it in a `with`, in one thread. What goes wrong is an EventsError of one line."""

    def publish(self, messages: Sequence[EventMessage]) -> None:
        """Return once the broker has confirmed every message; raise EventsError when it has not."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def broker_of(config: EventsConfig) -> Broker:
    """Return the broker of [events]; it is reached by entering it."""
    scheme = urlsplit(config.amqp_url.get_secret_value()).scheme
    return RabbitMQ(config) if scheme in AMQP else RedisStream(config)


def shown(config: EventsConfig) -> str:
    """Return the broker's address without what is secret in it."""
    return MongoAddress.read(config.amqp_url.get_secret_value()).shown


class RabbitMQ:
    """A durable topic exchange; messages are persistent, and confirmed when their queues have them on disk."""

    def __init__(self, config: EventsConfig) -> None:
        self._config, self._what = config, f"RabbitMQ at {shown(config)}"
        for name in ("aio_pika", "aiormq"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # they log addresses
        self._loop = asyncio.Runner()
        self._connection: Any = None

    def publish(self, messages: Sequence[EventMessage]) -> None:
        """Return once every message is confirmed; raise EventsError."""
        self._do(self._publish(messages))

    def __enter__(self) -> Self:
        try:
            self._do(self._connect())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._connection is not None:
                self._do(self._connection.close())
        except EventsError:
            pass  # it is gone, which is what was wanted
        finally:
            self._loop.close()

    async def _connect(self) -> None:
        import aio_pika

        self._connection = await aio_pika.connect(
            self._config.amqp_url.get_secret_value(), timeout=self._config.timeout_s
        )
        channel = await self._connection.channel(publisher_confirms=True)
        kind = aio_pika.ExchangeType.TOPIC
        self._exchange = await channel.declare_exchange(self._config.exchange, kind, durable=True)

    async def _publish(self, messages: Sequence[EventMessage]) -> None:
        import aio_pika

        persistent = aio_pika.DeliveryMode.PERSISTENT
        sent = [
            self._exchange.publish(
                aio_pika.Message(
                    one.body, message_id=one.id, content_type="application/json", delivery_mode=persistent
                ),
                one.routing_key,
                mandatory=False,  # nobody need listen
            )
            for one in messages
        ]
        await asyncio.gather(*sent)

    def _do(self, work: Awaitable[T]) -> T:
        from aio_pika.exceptions import AMQPException
        from pamqp.exceptions import PAMQPException

        async def bounded() -> T:
            async with asyncio.timeout(self._config.timeout_s):
                return await work

        try:
            return self._loop.run(bounded())
        except TimeoutError:
            raise EventsError(f"{self._what} {self._loop.run(self._why_silent())}") from None
        except (AMQPException, PAMQPException, OSError, asyncio.CancelledError, RuntimeError) as error:
            raise EventsError(f"{self._what} {_explained(error)}") from None

    async def _why_silent(self) -> str:
        """Say why nothing was confirmed: a broker that is short of disk or memory takes nothing, and says so."""
        silent = f"has not confirmed within {self._config.timeout_s:g} s"
        try:
            async with asyncio.timeout(0.1):
                await self._connection.transport.connection.ready()
        except TimeoutError:
            return (
                f"{silent}: it blocks whoever publishes, being short of disk or memory (rabbitmqctl status says which)"
            )
        except (AttributeError, OSError):
            return f"{silent}: {CORRECT}"
        return f"{silent}: it may be overloaded"


def _explained(error: BaseException) -> str:
    # Where a connection is closed instead of opened, the answer itself is an argument of the error.
    said = next((answer.reply_text for answer in error.args if hasattr(answer, "reply_text")), error)
    reason = _reason(said)
    kind = type(error).__name__
    if "Authentication" in kind or "ACCESS_REFUSED - Login" in reason:
        return "refused the user or the password: correct SWATHE_EVENTS_AMQP_URL"
    if "NOT_FOUND - no exchange" in reason:
        return "has lost the exchange: it is made anew with the next try"
    if "PRECONDITION_FAILED" in reason or "ACCESS_REFUSED" in reason or "NOT_ALLOWED" in reason:
        return f"does not allow it: {reason}"
    return f"does not answer ({reason or kind}): {CORRECT}"


class RedisStream:
    """A stream; each entry has the fields `id`, `key` (the routing key) and `message`."""

    def __init__(self, config: EventsConfig) -> None:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._config, self._what = config, f"Redis at {shown(config)}"
        timeout_s = config.timeout_s
        self._client: Any = Redis.from_url(
            config.amqp_url.get_secret_value(), socket_timeout=timeout_s, socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip

    def publish(self, messages: Sequence[EventMessage]) -> None:
        """Return once every message is in the stream; raise EventsError."""
        with self._client.pipeline(transaction=False) as pipeline:
            for one in messages:
                pipeline.xadd(self._config.exchange, {"id": one.id, "key": one.routing_key, "message": one.body})
            answers = self._do(lambda: pipeline.execute(raise_on_error=False))
        # The error that the pipeline itself would raise repeats the message.
        if failed := next((one for one in answers if isinstance(one, Exception)), None):
            raise EventsError(f"{self._what} answered: {_reason(failed)}")

    def __enter__(self) -> Self:
        self._do(self._client.ping)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _do(self, work: Callable[[], T]) -> T:
        from redis.exceptions import AuthenticationError, ConnectionError, RedisError, TimeoutError

        try:
            return work()
        except AuthenticationError:
            raise EventsError(
                f"{self._what} refused the user or the password: correct SWATHE_EVENTS_AMQP_URL"
            ) from None
        except (ConnectionError, TimeoutError) as error:
            raise EventsError(f"{self._what} does not answer ({_reason(error)}): {CORRECT}") from None
        except RedisError as error:
            raise EventsError(f"{self._what} answered: {_reason(error)}") from None


def _reason(said: object) -> str:
    return one_visible_line(str(said))[:200]
