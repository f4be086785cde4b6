"""A server under test, and HTTP as bytes: what a library would repair must arrive as it is written."""
import gzip
import json
import socket
import subprocess
import time


class Server:
    def __init__(self, program, devices=5, **limits):
        args = [program, str(devices)] + [f'{name}={value}' for name, value in limits.items()]
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        assert line and line[0] == 'ready', line
        self.port = int(line[1])
        self.host = f'127.0.0.1:{self.port}'

    def tell(self, command):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.write('quit\n')
            self.process.stdin.close()
            assert self.process.wait(20) == 0, 'the server did not end well'
        finally:
            self.process.kill()
            self.process.stdout.close()

    def connect(self, timeout=10):
        return socket.create_connection(('127.0.0.1', self.port), timeout)

    def raw(self, data, timeout=10):
        """Sends bytes, reads until the server closes or has answered once; an Answer, or None when it only closed."""
        with self.connect(timeout) as sock:
            sock.sendall(data)
            return read_answer(sock)

    def ask(self, method, path, headers=None, body=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        lines = {'Host': self.host}
        if body is not None:
            lines['Content-Type'] = 'application/json'
            lines['Content-Length'] = str(len(body))
        lines.update(headers or {})
        text = f'{method} {path} HTTP/1.1\r\n' + ''.join(f'{k}: {v}\r\n' for k, v in lines.items() if v is not None) + '\r\n'
        with self.connect(30) as sock:
            try:
                sock.sendall(text.encode() + (body or b''))
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all of it was sent: the answer says why
            return read_answer(sock, method)

    def get(self, path, **headers):
        return self.ask('GET', path, {k.replace('_', '-'): v for k, v in headers.items()})


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        data = gzip.decompress(self.body) if self.headers.get('content-encoding') == 'gzip' else self.body
        return json.loads(data)

    @property
    def code(self):
        return self.json().get('code') if 'problem+json' in self.headers.get('content-type', '') else None


def read_head(sock, seen=b''):
    while b'\r\n\r\n' not in seen:
        part = sock.recv(65536)
        if not part:
            return None, None, seen
        seen += part
    head, rest = seen.split(b'\r\n\r\n', 1)
    lines = head.decode().split('\r\n')
    return int(lines[0].split()[1]), {k.lower(): v for k, v in (line.split(': ', 1) for line in lines[1:])}, rest


def read_answer(sock, method='GET', seen=b''):
    try:
        status, headers, rest = read_head(sock, seen)
        if status is None:
            return None
        want = 0 if method == 'HEAD' or status == 304 else int(headers.get('content-length', 0))
        while len(rest) < want:
            part = sock.recv(65536)
            assert part, 'the answer was cut'
            rest += part
        return Answer(status, headers, rest[:want])
    except ConnectionResetError:
        return None


class Events:
    """A client of the live stream."""

    def __init__(self, server, last_id=None, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(10)
        self.sock.connect(('127.0.0.1', server.port))
        extra = f'Last-Event-ID: {last_id}\r\n' if last_id is not None else ''
        self.sock.sendall(f'GET /api/v1/events HTTP/1.1\r\nHost: {server.host}\r\nAccept: text/event-stream\r\n{extra}\r\n'.encode())
        self.status, self.headers, self.seen = read_head(self.sock)

    def next(self, timeout=10):
        """The next block as a dict; comments as {'comment': …}; None when the stream ended."""
        self.sock.settimeout(timeout)
        while b'\n\n' not in self.seen:
            part = self.sock.recv(65536)
            if not part:
                return None
            self.seen += part
        block, self.seen = self.seen.split(b'\n\n', 1)
        out = {}
        for line in block.decode().split('\n'):
            name, _, value = line.partition(': ')
            out[name or 'comment'] = value
        return out

    def until(self, name, timeout=10):
        end = time.time() + timeout
        while time.time() < end:
            event = self.next(max(0.1, end - time.time()))
            if event is None or event.get('event') == name:
                return event
        return None

    def close(self):
        self.sock.close()
