#!/usr/bin/env python3
"""Holds the real HTTP server to its contract. Usage: check.py FIXTURE [NAME…]"""
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import traceback

import schema
from wire import Events, Server, read_answer

PROGRAM = sys.argv[1]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same(got, want, what=''):
    assert got == want, f'{what}: got {got!r}, want {want!r}'


DECLARATION = {'event': 'pm.started', 'at': '2026-01-01T00:00:00.000Z', 'reason': 'plan', 'actor': 'Lin Wei', 'role': 'SVC',
               'evidence': ['ab' * 32], 'data': {'work_order': 'WO-1'}}
PERMIT = {'kind': 'permit', 'id': 'HJ-2026-7', 'reason': 'scan of the original', 'actor': 'Lin Wei', 'role': 'HM',
          'body': {'kind': 'radiation_safety', 'no': 'HJ-2026-7', 'holder': 'h-1', 'devices': ['ct-0000'], 'from': '2026-01-01T00:00:00.000Z'}}
STATEMENT = {'reason': 'filed in error', 'actor': 'Lin Wei', 'role': 'HM'}


class Contract:
    """The OpenAPI document as served, and what of it has been seen."""

    def __init__(self, server):
        self.document = server.get('/api/v1/openapi.json').json()
        self.seen = set()

    def find(self, path, method):
        for pattern, item in self.document['paths'].items():
            if re.fullmatch(re.sub(r'\{[^}]+\}', '[^/]+', pattern), path):
                assert method in item, f'{method} {path} is not documented'
                return pattern, item[method]
        raise AssertionError(f'{path} is not documented')

    def hold(self, method, path, answer):
        pattern, operation = self.find(path.split('?')[0], method.lower())
        self.seen.add((pattern, method.lower()))
        described = operation['responses'].get(str(answer.status)) or operation['responses']['default']
        if '$ref' in described:
            described = self.document['components']['responses'][described['$ref'].split('/')[-1]]
        if 'content' not in described:
            return same(answer.body, b'', path)
        media = answer.headers['content-type'].split(';')[0]
        assert media in described['content'], f'{path}: {answer.status} in {media} is not documented'
        value = answer.json() if 'json' in media else answer.body.decode()
        faults = schema.check(self.document, described['content'][media]['schema'], value)
        assert not faults, f'{path}: ' + '; '.join(faults[:5])


@test
def every_documented_route_answers_as_documented():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        gets = ['/api/v1/devices', '/api/v1/devices?limit=2', '/api/v1/devices/ct-0000/records?limit=3', '/api/v1/devices/ct-0000/records?type=usage.exposure',
                '/api/v1/unassigned', '/api/v1/lifecycle', '/api/v1/findings', '/api/v1/findings?device=ct-0000', '/api/v1/status', '/api/v1/log/checkpoint',
                '/api/v1/papers', '/api/v1/papers?kind=permit&limit=2', '/api/v1/papers/kinds', '/api/v1/papers/permit/P-1',
                '/api/v1/devices/ct-0000/papers', '/api/v1/devices/ct-0001/papers', '/api/v1/openapi.json', '/healthz', '/readyz', '/metrics']
        for number in range(5):
            gets += [f'/api/v1/devices/ct-000{number}', f'/api/v1/devices/ct-000{number}/timeline', f'/api/v1/devices/ct-000{number}/timeline?step=day',
                     f'/api/v1/devices/ct-000{number}/timeline?at=2020-01-01T00:00:00Z', f'/api/v1/devices/ct-000{number}/timeline?known_at=2020-01-01T00:00:00Z',
                     f'/api/v1/devices/ct-000{number}/records']
        for path in gets:
            answer = server.get(path)
            same(answer.status, 200, path)
            contract.hold('GET', path, answer)
        for path, body in [('/api/v1/devices/ct-0000/declarations', DECLARATION),
                           ('/api/v1/papers', PERMIT), ('/api/v1/papers/permit/P-1/withdraw', STATEMENT),
                           ('/api/v1/unassigned/1/assign', {'device': 'ct-0001', 'reason': 'plate read', 'actor': 'Lin Wei'})]:
            answer = server.ask('POST', path, body=body)
            same(answer.status, 201, path)
            contract.hold('POST', path, answer)
        stream = Events(server)
        same((stream.status, stream.headers['content-type']), (200, 'text/event-stream; charset=utf-8'))
        contract.seen.add(('/api/v1/events', 'get'))
        stream.close()
        documented = {(path, method) for path, item in contract.document['paths'].items() for method in item if method in ('get', 'post')}
        same(documented - contract.seen, set(), 'routes without a check')


@test
def papers_are_filed_as_their_kind_says():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        listed = server.get('/api/v1/papers?kind=permit&limit=2').json()
        same([paper['id'] for paper in listed['items']], ['P-0', 'P-1'])
        same(listed['items'][0]['body']['from'], '2026-01-01T00:00:00.000Z', 'times are text outside')
        rest = server.get('/api/v1/papers?kind=permit&limit=2&cursor=' + listed['next_cursor']).json()
        same(([paper['id'] for paper in rest['items']], rest['next_cursor']), (['P-2'], None))
        same(len(server.get('/api/v1/devices/ct-0000/papers').json()['items']), 3)
        same(server.get('/api/v1/devices/ct-0001/papers').json()['items'], [])
        body = PERMIT['body']
        wrong = [({**PERMIT, 'kind': 'novel'}, 'want one of'), ({**PERMIT, 'id': 'a b'}, '/id'), ({**PERMIT, 'reason': ''}, '/reason'),
                 ({**PERMIT, 'body': {**body, 'from': 'yesterday'}}, '/body/from'), ({**PERMIT, 'body': {**body, 'from': 5}}, '/body/from'),
                 ({**PERMIT, 'body': {**body, 'colour': 'red'}}, 'colour'), ({**PERMIT, 'body': {'kind': 'radiation_safety'}}, '/body'),
                 ({**PERMIT, 'body': {**body, 'devices': 'ct-0000'}}, 'devices'), ({**PERMIT, 'body': []}, '/body'),
                 ({**PERMIT, 'body': {**body, 'no': 'x' * 65}}, '65'), ({**PERMIT, 'extra': 1}, '/extra')]
        for paper, want in wrong:
            answer = server.ask('POST', '/api/v1/papers', body=paper)
            same((answer.status, answer.code), (422, 'invalid'), paper)
            assert want in answer.json()['detail'], answer.json()['detail']
            contract.hold('POST', '/api/v1/papers', answer)
        for path, want in {'/api/v1/papers/permit/P-9': 404, '/api/v1/devices/no-such/papers': 404, '/api/v1/papers?kind=novel': 422, '/api/v1/papers?x=1': 400}.items():
            answer = server.get(path)
            same(answer.status, want, path)
            contract.hold('GET', path, answer)


@test
def problems_are_as_documented():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        wrong = {'/api/v1/devices?limit=0': (400, 'bad_parameter'), '/api/v1/devices?limit=501': (400, 'bad_parameter'), '/api/v1/devices?limit=5&limit=5': (400, 'bad_parameter'),
                 '/api/v1/devices?cursor=abc': (400, 'bad_parameter'), '/api/v1/devices?page=2': (400, 'unknown_parameter'), '/api/v1/devices/no-such': (404, 'not_found'),
                 '/api/v1/devices/NO': (400, 'bad_parameter'), '/api/v1/devices/unassigned-east': (404, 'not_found'), '/api/v1/devices/no-such/timeline': (404, 'not_found'),
                 '/api/v1/devices/ct-0000/timeline?known=2026-01-01T00:00:00Z': (400, 'unknown_parameter'), '/api/v1/devices/ct-0000/timeline?at=yesterday': (400, 'bad_parameter'),
                 '/api/v1/devices/ct-0000/timeline?known_at=x': (400, 'bad_parameter'), '/api/v1/devices/ct-0000/timeline?from=x': (400, 'bad_parameter'),
                 '/api/v1/devices/ct-0000/timeline?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z': (400, 'bad_parameter'),
                 '/api/v1/devices/ct-0000/timeline?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z': (400, 'bad_parameter'),
                 '/api/v1/devices/ct-0000/timeline?step=year': (400, 'bad_parameter'), '/api/v1/devices/no-such/records': (404, 'not_found'),
                 '/api/v1/findings?device=no-such': (404, 'not_found'), '/api/v1/status?x=1': (400, 'unknown_parameter'), '/api/v1/events?x=1': (400, 'unknown_parameter')}
        for path, want in wrong.items():
            answer = server.get(path)
            same((answer.status, answer.code), want, path)
            contract.hold('GET', path, answer)
        path = '/api/v1/devices/ct-0000/declarations'
        bodies = [('{', 400, 'bad_json'), ('{}', 422, 'invalid'), (json.dumps({**DECLARATION, 'event': 'refused.event'}), 409, 'guard'),
                  (json.dumps({**DECLARATION, 'event': 'full.event'}), 503, 'unavailable'), ('[' * 100000, 400, 'bad_json')]
        for body, status, code in bodies:
            answer = server.ask('POST', path, body=body)
            same((answer.status, answer.code), (status, code), body[:60])
            contract.hold('POST', path, answer)
        guard = server.ask('POST', path, body={**DECLARATION, 'event': 'refused.event'}).json()
        same((guard['guard'], guard['missing'], guard['who']), ('permits_in_force', 'radiation permit', 'REG-E'))
        same(server.ask('POST', '/api/v1/devices/no-such/declarations', body=DECLARATION).status, 404)
        same(server.ask('POST', '/api/v1/unassigned/7/assign', body={'device': 'ct-0001', 'reason': 'r', 'actor': 'a'}).status, 404)
        title = server.ask('GET', '/api/v1/devices/no-such', {'Accept-Language': 'zh-CN'}).json()['title']
        same(title, '未找到')


@test
def lists_are_walked_to_their_end_without_loss():
    with Server(PROGRAM, devices=7) as server:
        for path, key, want in [('/api/v1/devices', 'id', 7), ('/api/v1/devices/ct-0000/records', 'log_index', 15), ('/api/v1/findings', 'id', 4)]:
            found, cursor, pages = [], None, 0
            while pages == 0 or cursor:
                answer = server.get(f'{path}?limit=2' + (f'&cursor={cursor}' if cursor else ''))
                same(answer.status, 200, path)
                page = answer.json()
                assert len(page['items']) <= 2
                same('link' in answer.headers, page['next_cursor'] is not None, 'Link')
                found += [item[key] for item in page['items']]
                cursor, pages = page['next_cursor'], pages + 1
            same((len(found), len(set(found))), (want, want), path)
        cursor = server.get('/api/v1/devices?limit=2').json()['next_cursor']
        same(server.get(f'/api/v1/findings?cursor={cursor}').status, 400, 'a cursor of another list')


@test
def figures_are_the_stored_ones():
    with Server(PROGRAM) as server:
        device = server.get('/api/v1/devices/ct-0000').json()
        same((device['name'], device['model'], device['site_tz'], device['state'], device['silent']), ('CT "0"', 'Axis <128>', 'Asia/Shanghai', 'IN_USE', False))
        same((device['dose_30d']['exposures'], device['dose_30d']['ctdivol_n'], device['tubes'][0]['mas']), (312, 312, 45000))
        assert 8500 < device['dose_30d']['ctdivol_p50_ugy'] < 9600
        assert device['coverage_24h_permille'] > 950, device['coverage_24h_permille']
        same((device['gaps'][0]['from_seq'], device['gaps'][0]['to_seq'], device['gaps'][0]['count']), (5, 9, 5))
        assert any(event['event'] == 'pm.started' for event in device['lifecycle']['allowed_events'])
        sealed = server.get('/api/v1/devices/ct-0002').json()
        same((sealed['state'], sealed['lifecycle']['sealed_by'], sealed['bands_24h'][10]['state']), ('SEALED', ['REG-H'], 'blocked'))
        fault = server.get('/api/v1/devices/ct-0001').json()
        same((fault['open_faults'], fault['faults'][0]['code'], fault['bands_24h'][47]['state']), (1, 'E-4410', 'fault'))
        silent, unknown = server.get('/api/v1/devices/ct-0003').json(), server.get('/api/v1/devices/ct-0004').json()
        same((silent['silent'], silent['op_state']), (True, 'void'))
        same((unknown['state'], unknown['last_seen_at'], {band['state'] for band in unknown['bands_24h']}), (None, None, {'void'}))
        timeline = server.get('/api/v1/devices/ct-0000/timeline').json()
        same((len(timeline['hours']), timeline['hours'][0]['exams'], timeline['hours'][0]['coverage_minutes']), (26, 4, 60))
        same((len(timeline['lanes']['operating']), timeline['lanes']['operating'][-1]['to'], timeline['lanes']['lifecycle'][0]['state']), (20, None, 'IN_USE'))
        as_of = {**timeline, **server.get('/api/v1/devices/ct-0000/timeline?at=' + timeline['to']).json()}
        same((as_of['state'], as_of['operating'], as_of['overlays'], as_of['as_of']['at']), ('IN_USE', 'void', [], timeline['to']))
        before = server.get('/api/v1/devices/ct-0000/timeline?known_at=2020-01-01T00:00:00Z').json()
        same((before['state'], before['lanes']['lifecycle'], before['as_of']), (None, [], {'at': '2020-01-01T00:00:00.000Z', 'known_at': '2020-01-01T00:00:00.000Z'}))
        owed = device['lifecycle']['outstanding']
        same([(o['event'], o['role'], o['log_index'], o['overdue']) for o in owed], [('baseline.declared', 'REG-H', 2, False)])
        tables = {table['modality']: table for table in server.get('/api/v1/lifecycle').json()['tables']}
        same(sorted(tables), ['CT', 'MRI'])
        same((tables['MRI']['power_off'], [f['flag'] for f in tables['MRI']['flags']], tables['CT']['flags']), ('alarm', ['magnet_off', 'quenched'], []))
        records = server.get('/api/v1/devices/ct-0000/records').json()['items']
        same([r['kind'] for r in records[:2]], ['fact', 'record'])
        same({r['log_index'] for r in records}, {0} | set(range(2, 16)))
        same(server.get('/api/v1/unassigned').json()['items'][0]['origin'], {'ae': 'CT9', 'serial': 'S-9'})


@test
def cached_answers_are_not_sent_again():
    with Server(PROGRAM) as server:
        plain = server.get('/api/v1/lifecycle')
        assert plain.headers['etag'].startswith('"')
        again = server.get('/api/v1/lifecycle', If_None_Match=plain.headers['etag'])
        same((again.status, again.body, 'content-length' in again.headers), (304, b'', False))
        packed = server.get('/api/v1/lifecycle', Accept_Encoding='gzip')
        same(packed.headers['content-encoding'], 'gzip')
        same(packed.json(), plain.json())
        assert len(packed.body) < len(plain.body) / 3
        same(server.ask('HEAD', '/api/v1/lifecycle').headers['content-length'], str(len(plain.body)))


@test
def every_answer_has_the_security_headers():
    with Server(PROGRAM) as server:
        for answer in [server.get('/'), server.get('/api/v1/devices'), server.get('/nothing'), server.raw(b'garbage\r\n\r\n'), server.get('/', Host='evil.example')]:
            for name, want in [('x-content-type-options', 'nosniff'), ('referrer-policy', 'no-referrer'), ('cross-origin-opener-policy', 'same-origin')]:
                same(answer.headers.get(name), want, answer.status)
            assert "require-trusted-types-for 'script'" in answer.headers['content-security-policy']
            assert answer.headers['x-request-id']
            for absent in ('server', 'strict-transport-security', 'access-control-allow-origin'):
                assert absent not in answer.headers, absent
        same(server.get('/', X_Request_Id='abc.1').headers['x-request-id'], 'abc.1')
        assert server.get('/', X_Request_Id='<script>').headers['x-request-id'] != '<script>'


@test
def the_page_is_served_and_its_hashed_files_are_kept_for_ever():
    with Server(PROGRAM) as server:
        index = server.get('/')
        same((index.status, index.headers['content-type'], index.headers['cache-control']), (200, 'text/html; charset=utf-8', 'no-cache'))
        same(server.get('/devices/ct-0000').body, index.body)
        script = re.search(rb'src="(/assets/main[^"]+)"', index.body).group(1).decode()
        answer = server.get(script, Accept_Encoding='gzip')
        same((answer.status, answer.headers['content-type'], answer.headers['content-encoding']), (200, 'text/javascript; charset=utf-8', 'gzip'))
        assert 'immutable' in answer.headers['cache-control']
        same(server.get('/assets/none.js').status, 404)
        same(server.get('/assets/..%2f..%2fetc%2fpasswd').status, 404)


@test
def malformed_requests_get_their_exact_code():
    with Server(PROGRAM) as server:
        host = f'Host: {server.host}\r\n'
        post = f'POST /api/v1/devices/ct-0000/declarations HTTP/1.1\r\n{host}Content-Type: application/json\r\n'
        rows = [
            (f'GET /healthz HTTP/1.1\r\n{host}\r\n', 200, None),
            (f'GET http://{server.host}/healthz HTTP/1.1\r\n{host}\r\n', 200, None),
            (f'GET http://evil.example/healthz HTTP/1.1\r\n{host}\r\n', 421, 'foreign_host'),
            ('GET /healthz HTTP/1.1\r\n\r\n', 400, 'bad_request'),
            (f'GET /healthz HTTP/1.1\r\n{host}{host}\r\n', 400, 'bad_request'),
            ('GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421, 'foreign_host'),
            (f'GET /healthz HTTP/3.0\r\n{host}\r\n', 505, 'version'),
            (f'GET /%zz HTTP/1.1\r\n{host}\r\n', 400, 'bad_request'),
            (f'GET /%00 HTTP/1.1\r\n{host}\r\n', 400, 'bad_request'),
            (f'GET  /healthz HTTP/1.1\r\n{host}\r\n', 400, 'bad_request'),
            (f'GET /healthz HTTP/1.1\r\n{host}Bad Name: x\r\n\r\n', 400, 'bad_request'),
            (f'GET /healthz HTTP/1.1\r\n{host} folded: x\r\n\r\n', None, None),
            (f'OPTIONS * HTTP/1.1\r\n{host}\r\n', 400, 'bad_request'),
            (f'DELETE /api/v1/devices HTTP/1.1\r\n{host}\r\n', 405, 'method'),
            (f'BREW /api/v1/devices HTTP/1.1\r\n{host}\r\n', 405, 'method'),
            (f'GET /nothing HTTP/1.1\r\n{host}\r\n', 404, 'not_found'),
            (f'GET /api/v1/devices HTTP/1.1\r\n{host}Accept: text/csv\r\n\r\n', 406, 'not_acceptable'),
            (f'GET /healthz HTTP/1.1\r\n{host}Content-Length: 3\r\n\r\nabc', 400, 'bad_request'),
            (f'GET /healthz HTTP/1.1\r\n{host}Expect: magic\r\n\r\n', 417, 'expectation'),
            (f'GET /healthz HTTP/1.1\r\n{host}X: {"a" * 17000}\r\n\r\n', 431, 'header_too_large'),
            (f'GET /{"a" * 17000} HTTP/1.1\r\n{host}\r\n', 431, 'header_too_large'),
            (f'POST /api/v1/devices/ct-0000/declarations HTTP/1.1\r\n{host}Content-Length: 2\r\n\r\n{{}}', 415, 'media_type'),
            (f'POST /api/v1/devices/ct-0000/declarations HTTP/1.1\r\n{host}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}', 415, 'media_type'),
            (post + 'Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}', 415, 'media_type'),
            (post + 'Content-Length: 1048577\r\n\r\n', 413, 'too_large'),
            (post + 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400, 'bad_request'),
            (post + 'Content-Length: -2\r\n\r\n{}', 400, 'bad_request'),
            (post + 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}', 400, 'bad_request'),
            (post + 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n', 400, 'bad_request'),
            (post + 'Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n', 400, 'bad_request'),
            (post + 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', 422, 'invalid'),
            (post + 'Transfer-Encoding: chunked\r\n\r\n' + f'10000\r\n{"a" * 65536}\r\n' * 17, 413, 'too_large'),
            (post + 'Idempotency-Key: a b\r\nContent-Length: 2\r\n\r\n{}', 400, 'bad_key'),
        ]
        for text, status, code in rows:
            answer = server.raw(text.encode())
            got = (answer.status, answer.code) if answer else (None, None)
            if status is None:
                assert got[0] in (None, 400), text[:80]
            else:
                same(got, (status, code), text[:120])
        same(server.get('/healthz').status, 200, 'still there')


@test
def random_bytes_end_in_an_answer_or_a_close():
    import random
    generator = random.Random(7)
    with Server(PROGRAM, header_deadline=60, body_grace=60, idle=60) as server:
        seed = f'POST /api/v1/devices/ct-0000/declarations HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{"event":"pm.start"}}'.encode()
        for _ in range(150):
            data = bytearray(seed)
            for _ in range(generator.randrange(1, 6)):
                data[generator.randrange(len(data))] = generator.randrange(256)
            answer = server.raw(bytes(data[:generator.randrange(1, len(data) + 1)]), 5)
            assert answer is None or 200 <= answer.status < 600
        same(server.get('/healthz').status, 200)


@test
def slow_senders_are_ended():
    with Server(PROGRAM, header_deadline=400, body_grace=400, idle=600) as server:
        began = time.time()
        with server.connect() as sock:
            sock.sendall(f'GET /healthz HTTP/1.1\r\nHost: {server.host}\r\n'.encode())
            answer = read_answer(sock)
            same((answer.status, answer.code), (408, 'timeout'), 'header')
        assert time.time() - began < 5
        with server.connect() as sock:
            sock.sendall(f'POST /api/v1/devices/ct-0000/declarations HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n'.encode())
            answer = None
            sock.settimeout(0.05)
            for _ in range(200):  # 20 bytes/s: far below the floor of 500
                sock.sendall(b' ')
                try:
                    answer = read_answer(sock)
                    break
                except socket.timeout:
                    pass
            same((answer.status, answer.code), (408, 'timeout'), 'body')
        with server.connect() as sock:
            same(sock.recv(10), b'', 'an idle connection is closed without a word')


@test
def pipelined_requests_are_answered_in_order():
    with Server(PROGRAM) as server:
        one = f'GET /healthz HTTP/1.1\r\nHost: {server.host}\r\nX-Request-Id: %s\r\n\r\n'
        with server.connect() as sock:
            sock.sendall(''.join(one % f'r{i}' for i in range(50)).encode())
            text = b''
            while text.count(b'ok\n') < 50:
                part = sock.recv(65536)
                assert part
                text += part
        same(re.findall(rb'X-Request-Id: (r\d+)', text), [f'r{i}'.encode() for i in range(50)])


@test
def connections_are_capped():
    with Server(PROGRAM, connections_per_ip_max=3, idle=5000) as server:
        held = [server.connect() for _ in range(3)]
        for sock in held:
            sock.sendall(f'GET /healthz HTTP/1.1\r\nHost: {server.host}\r\n\r\n'.encode())
            same(read_answer(sock).status, 200)
        with server.connect() as sock:
            answer = read_answer(sock)
            same((answer.status, answer.code), (429, 'too_many'))
        for sock in held:
            sock.close()
        time.sleep(0.3)
        same(server.get('/healthz').status, 200)


@test
def foreign_pages_cannot_write():
    with Server(PROGRAM) as server:
        path, own = '/api/v1/devices/ct-0000/declarations', f'http://{server.host}'
        rows = [({}, 201), ({'Origin': own, 'Sec-Fetch-Site': 'same-origin'}, 201), ({'Origin': 'http://evil.example'}, 403), ({'Origin': 'null'}, 403),
                ({'Origin': own, 'Sec-Fetch-Site': 'cross-site'}, 403), ({'Sec-Fetch-Site': 'same-site'}, 403), ({'Origin': own.replace('http', 'https')}, 403),
                ({'Host': 'evil.example'}, 421), ({'Host': f'localhost:{server.port}'}, 201), ({'Host': f'gantry.test:{server.port}'}, 201)]
        for headers, want in rows:
            same(server.ask('POST', path, headers, DECLARATION).status, want, headers)
        same(server.tell('count'), 4, 'commands that went through')
        same(server.get('/api/v1/devices', Host='evil.example').status, 421, 'rebinding')


@test
def an_idempotency_key_is_done_once():
    with Server(PROGRAM, commit_wait=300) as server:
        path, key = '/api/v1/devices/ct-0000/declarations', {'Idempotency-Key': 'k-1'}
        first = server.ask('POST', path, key, DECLARATION)
        again = server.ask('POST', path, key, DECLARATION)
        same((first.status, again.status, first.json()), (201, 201, again.json()))
        same(server.tell('count'), 1)
        other = server.ask('POST', path, key, {**DECLARATION, 'reason': 'other'})
        same((other.status, other.code), (422, 'key_reused'))
        slow, slow_key = {**DECLARATION, 'event': 'slow.event'}, {'Idempotency-Key': 'k-2'}
        waits = server.ask('POST', path, slow_key, slow)
        same((waits.status, waits.code, waits.headers['retry-after']), (503, 'commit_wait', '5'))
        under_way = server.ask('POST', path, slow_key, slow)
        same((under_way.status, under_way.code), (409, 'in_flight'))
        time.sleep(2)
        found = server.ask('POST', path, slow_key, slow)
        same((found.status, found.json()['state'], server.tell('count')), (201, 'PM', 2))


@test
def the_live_stream_tells_what_is_committed():
    with Server(PROGRAM, tick=50, ping=400) as server:
        document = Contract(server).document
        stream = Events(server)
        same(stream.next(), {'retry': '3000'})
        size = server.tell('commit 3')
        for index in range(size - 3, size):
            event = stream.until('record')
            same(event['id'], str(index))
            same(schema.check(document, document['components']['schemas']['RecordNote'], json.loads(event['data'])), [])
        device = stream.until('device')
        assert 'id' not in device
        note = json.loads(device['data'])
        same(schema.check(document, document['components']['schemas']['DeviceNote'], note), [])
        same((note['id'], note['records']), ('ct-0000', 1200 + size))
        same(stream.next(3), {'comment': 'ping'})
        stream.close()


@test
def the_live_stream_replays_what_was_missed():
    with Server(PROGRAM, tick=50, replay_entries_max=2000) as server:
        size = server.tell('commit 1200')  # more than one read of the store
        stream = Events(server, last_id=size - 1101)
        same([int(stream.until('record')['id']) for _ in range(1100)], list(range(size - 1100, size)))
        server.tell('commit 1')
        same(stream.until('record')['id'], str(size), 'live follows the replay without gap or repetition')
        stream.close()
        for last_id in (size + 5, size - 2500 if size > 2500 else 10**9):
            lost = Events(server, last_id=last_id)
            same(json.loads(lost.until('reset')['data']), {'log_size': size + 1})
            lost.close()
        server.tell('commit 1500')
        old = Events(server, last_id=0)
        assert old.until('reset') is not None
        server.tell('commit 1')
        assert old.until('record') is not None, 'a stream goes on after reset'
        old.close()
        same(Events(server, last_id='x').status, 400)


@test
def under_load_record_notes_are_thinned_and_ids_show_it():
    with Server(PROGRAM, tick=100, notes_per_tick_max=20) as server:
        stream = Events(server)
        size = server.tell('commit 500')
        ids = [int(stream.until('record')['id']) for _ in range(20)]
        same(ids, list(range(size - 20, size)))
        stream.close()


@test
def a_slow_reader_is_dropped_and_comes_back():
    with Server(PROGRAM, tick=20, notes_per_tick_max=4000, stream_bytes_max=100000, stream_write=500) as server:
        stream = Events(server, receive_buffer=4096)
        size = 0
        for _ in range(30):
            size = server.tell('commit 2000')
            time.sleep(0.05)
        last, ended = None, False
        for _ in range(70000):
            event = stream.next()
            if event is None:
                ended = True
                break
            last = int(event['id']) if 'id' in event else last
        assert ended, 'the stream should have been cut'
        text = server.get('/metrics').body.decode()
        assert 'gantry_live_streams 0' in text, 'the dropped stream is gone'
        same(Events(server, last_id=size - 5).until('record')['id'], str(size - 4))
        stream.close()


@test
def streams_are_capped():
    with Server(PROGRAM, streams_max=2) as server:
        held = [Events(server), Events(server)]
        same([stream.status for stream in held], [200, 200])
        third = Events(server)
        same((third.status, third.headers['retry-after']), (503, '10'))
        held[0].close()
        for _ in range(50):
            time.sleep(0.1)
            again = Events(server)
            if again.status == 200:
                break
        same(again.status, 200)


@test
def readiness_follows_the_collector():
    with Server(PROGRAM) as server:
        same((server.get('/readyz').status, server.get('/readyz').json()), (200, {'ready': True, 'reasons': []}))
        server.tell('degrade broker_down')
        answer = server.get('/readyz')
        same((answer.status, answer.json()['reasons'][0]['code']), (503, 'broker_down'))
        Contract(server).hold('GET', '/readyz', answer)
        same(server.get('/api/v1/devices').status, 200, 'the pages stay')
        server.tell('heal')
        same(server.get('/readyz').status, 200)


@test
def metrics_please_promtool():
    with Server(PROGRAM) as server:
        text = server.get('/metrics').body
        for name in ('gantry_records_committed_total', 'gantry_records_duplicate_total', 'gantry_frames_refused_total{reason=', 'gantry_inbox_depth', 'gantry_commit_seconds_bucket',
                     'gantry_batch_records_bucket', 'gantry_devices{state=', 'gantry_findings_open{severity=', 'gantry_log_size', 'gantry_build_info'):
            assert name.encode() in text, name
        assert b'gantry_devices{state="SEALED"} 1' in text
        assert b'gantry_findings_open{severity="critical"} 3' in text
        promtool = shutil.which('promtool')
        if not promtool:
            print('  skipped: promtool is not installed (package prometheus)')
            return
        result = subprocess.run([promtool, 'check', 'metrics'], input=text, capture_output=True)
        same((result.returncode, result.stdout + result.stderr), (0, b''), 'promtool')


@test
def a_thousand_devices_are_listed_quickly():
    with Server(PROGRAM, devices=1000) as server:
        began = time.time()
        count, cursor, size = 0, '', 0
        while cursor is not None:
            answer = server.get('/api/v1/devices?limit=500' + (f'&cursor={cursor}' if cursor else ''), Accept_Encoding='gzip')
            same(answer.status, 200)
            page = answer.json()
            count, cursor, size = count + len(page['items']), page['next_cursor'], size + len(answer.body)
        same(count, 1000)
        print(f'  1000 devices: {1000 * (time.time() - began):.0f} ms, {size} bytes compressed')


def main():
    wanted = sys.argv[2:]
    failed = 0
    for function in TESTS:
        if wanted and not any(name in function.__name__ for name in wanted):
            continue
        began = time.time()
        try:
            function()
            print(f'ok     {function.__name__} ({time.time() - began:.1f} s)', flush=True)
        except Exception:  # noqa: BLE001: every failure is a failed test
            failed += 1
            print(f'FAILED {function.__name__}', flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
