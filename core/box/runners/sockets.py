"""The app's own address without a network: its calls to itself, and servers that bind its port.

A sealed process may open no internet socket and connect to nothing. Where a program asks for one, it gets a stand-in:
bound to the app's own port it becomes the inherited listener, connected to that port it becomes one end of a pair whose
other end the app's server is given. Everything above Python's sockets (httpx, urllib, requests, aiohttp, websockets,
Flask, http.server, gunicorn) then works unchanged, and what would leave the box is refused with a sentence.
"""

import errno
import functools
import os
import socket
import weakref

SELF = {"127.0.0.1", "localhost", "0.0.0.0", "::1", "::", "[::1]", ""}
INTERNET = (socket.AF_INET, socket.AF_INET6)
OPTIONS_OF_INTERNET = (socket.IPPROTO_TCP, socket.IPPROTO_IP, socket.IPPROTO_IPV6)


class OwnServer:
    """The listener of this app, given out once, and the way to whoever serves it from inside the process."""

    def __init__(self, policy, listener):
        self.ports = {policy["port"], policy["fallback"], int(os.environ.get("PORT") or 0)} - {None, 0}
        self.port = policy["port"]
        self.listener = listener
        self.listening = weakref.WeakSet((listener,))  # and what became it
        self._free = True
        self._loop = self._protocol = None
        self._accepting = set()

    def take(self):
        """The listener, or None when a server has it already."""
        free, self._free = self._free, False
        return self.listener if free else None

    def serving(self, loop, protocol):
        """A server answers on `loop`; `protocol()` makes what handles one connection."""
        self._loop, self._protocol = loop, protocol

    def is_listener(self, one):
        return one in self.listening

    def is_own(self, address):
        return isinstance(address, tuple) and address[0] in SELF and address[1] in self.ports

    def connect(self):
        """Our end of a new connection to the app's own server."""
        if self._loop is None or self._loop.is_closed():
            raise ConnectionRefusedError(errno.ECONNREFUSED, "The app calls itself, but its server is not running (yet)")
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._loop.call_soon_threadsafe(self._accept, theirs)
        return ours

    def _accept(self, connection):
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._accepting.add(task)  # the loop itself holds a task weakly
        task.add_done_callback(self._accepting.discard)


def is_sealed():
    """Whether this process may open no internet socket: found by trying."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except PermissionError:
        return True
    return False


def become(one, other):
    """From now on `one`'s descriptor is `other`'s connection or listener, with its own way of waiting."""
    os.dup2(other.fileno(), one.fileno(), inheritable=one.get_inheritable())
    os.set_blocking(one.fileno(), one.gettimeout() is None)


def install(own):
    """Change Python's socket type for this process. `own`: the `OwnServer`."""
    kind = socket.socket
    stand_ins = weakref.WeakSet()
    change_connecting(kind, own, stand_ins)
    change_binding(kind, own, stand_ins)
    change_addresses(kind, own, stand_ins)
    if is_sealed():
        change_opening(kind, stand_ins)
        change_names(own)


def change_opening(kind, stand_ins):
    original = kind.__init__

    @functools.wraps(original)
    def initialize(self, family=-1, type=-1, proto=-1, fileno=None):
        if fileno is None and family in (-1, *INTERNET) and (type == -1 or type & 0xF == socket.SOCK_STREAM):
            original(self, socket.AF_UNIX, socket.SOCK_STREAM if type == -1 else type)
            stand_ins.add(self)
        else:
            original(self, family, type, proto, fileno)

    kind.__init__ = initialize


def change_connecting(kind, own, stand_ins):
    original, original_ex = kind.connect, kind.connect_ex

    def connect(self, address):
        if own.is_own(address) and (self in stand_ins or self.family in INTERNET):
            pair = own.connect()
            become(self, pair)
            pair.close()
            stand_ins.add(self)
        elif self in stand_ins:
            raise PermissionError(errno.EACCES, f"The app is sealed and reaches no network, so not {address[0]}:{address[1]} either")
        else:
            original(self, address)

    def connect_ex(self, address):
        if not own.is_own(address) and self not in stand_ins:
            return original_ex(self, address)
        try:
            connect(self, address)
        except OSError as error:
            return error.errno
        return 0

    kind.connect, kind.connect_ex = connect, connect_ex


def change_binding(kind, own, stand_ins):
    """The first that binds the app's port gets the inherited listener; other ports stay on the loopback interface."""
    original = kind.bind

    def bind(self, address):
        if self not in stand_ins and not (self.family in INTERNET and self.type & socket.SOCK_STREAM):
            return original(self, address)
        host, port, *rest = address
        if port in own.ports:
            listener = own.take()
            if listener is None:
                raise OSError(errno.EADDRINUSE, f"The app's port {port} is served already")
            become(self, listener)
            stand_ins.add(self)
            own.listening.add(self)
            return None
        if self in stand_ins:
            raise PermissionError(errno.EACCES, f"The app is sealed: it can listen on its own port {own.port} only, not on {port}")
        if self.family == socket.AF_INET6:  # reachable by IPv4 as well, which is what callers here use
            self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        return original(self, ("127.0.0.1" if self.family == socket.AF_INET else "::ffff:127.0.0.1", port, *rest))

    kind.bind = bind


def change_addresses(kind, own, stand_ins):
    """What stands for an internet socket has such a socket's addresses and takes its options."""
    original, name, peer, accept_one = kind.setsockopt, kind.getsockname, kind.getpeername, kind.accept

    def setsockopt(self, level, *rest):
        if self in stand_ins and level in OPTIONS_OF_INTERNET:
            return None
        return original(self, level, *rest)

    def getsockname(self):
        return ("127.0.0.1", own.port) if self in own.listening else ("127.0.0.1", 0) if self in stand_ins else name(self)

    def getpeername(self):
        found = peer(self)
        return ("127.0.0.1", own.port) if self in stand_ins else found

    def accept(self):
        connection, address = accept_one(self)
        if self not in own.listening:
            return connection, address
        stand_ins.add(connection)
        return connection, ("127.0.0.1", 0)

    kind.setsockopt, kind.getsockname, kind.getpeername, kind.accept = setsockopt, getsockname, getpeername, accept


def change_names(own):
    """Names are looked up by servers nobody here can reach: say so at once."""
    original = socket.getaddrinfo

    @functools.wraps(original)
    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        text = host.decode() if isinstance(host, bytes) else host
        if text in SELF or text is None:
            return [(socket.AF_INET, type or socket.SOCK_STREAM, proto or socket.IPPROTO_TCP, "", ("127.0.0.1", int(port or 0)))]
        try:
            return original(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
        except socket.gaierror:
            raise socket.gaierror(
                socket.EAI_AGAIN, f"The app is sealed and reaches no network, so {text!r} cannot be looked up"
            ) from None

    socket.getaddrinfo = getaddrinfo
