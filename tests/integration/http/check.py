#!/usr/bin/env python3
"""Holds the real HTTP server to its contract. Usage: check.py FIXTURE [NAME…]"""
import csv
import hashlib
import io
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import traceback
import zipfile
from urllib.parse import quote

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
        value = answer.json() if media.endswith('json') and 'x-ndjson' not in media else answer.body.decode(errors='replace')
        faults = schema.check(self.document, described['content'][media]['schema'], value)
        assert not faults, f'{path}: ' + '; '.join(faults[:5])


@test
def every_documented_route_answers_as_documented():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        gets = ['/api/v1/devices', '/api/v1/devices?limit=2', '/api/v1/devices/ct-0000/records?limit=3', '/api/v1/devices/ct-0000/records?type=usage.exposure',
                '/api/v1/unassigned', '/api/v1/lifecycle', '/api/v1/findings', '/api/v1/findings?device=ct-0000', '/api/v1/rules', '/api/v1/due', '/api/v1/due.ics', '/api/v1/orgs',
                '/api/v1/devices/ct-0000/missing', '/api/v1/devices/ct-0004/missing', f'/api/v1/devices/ct-0000/findings/V23/{quote("test/it" + chr(39) + "s due", safe="")}',
                '/api/v1/status', '/api/v1/log/checkpoint',
                '/api/v1/papers', '/api/v1/papers?kind=permit&limit=2', '/api/v1/papers/kinds', '/api/v1/papers/permit/P-1',
                '/api/v1/devices/ct-0000/papers', '/api/v1/devices/ct-0001/papers', '/api/v1/openapi.json', '/healthz', '/readyz', '/metrics',
                '/api/v1/kpis', '/api/v1/kpis?limit=2', '/api/v1/kpis?site=East', '/api/v1/kpis?org=h-1', '/api/v1/dictionary']
        for number in range(5):
            gets += [f'/api/v1/devices/ct-000{number}', f'/api/v1/devices/ct-000{number}/timeline', f'/api/v1/devices/ct-000{number}/timeline?step=day',
                     f'/api/v1/devices/ct-000{number}/timeline?at=2020-01-01T00:00:00Z', f'/api/v1/devices/ct-000{number}/timeline?known_at=2020-01-01T00:00:00Z',
                     f'/api/v1/devices/ct-000{number}/records', f'/api/v1/devices/ct-000{number}/passport', f'/api/v1/kpis?device=ct-000{number}']
        for path in gets:
            answer = server.get(path)
            same(answer.status, 200, path)
            contract.hold('GET', path, answer)
        kept = server.ask('POST', '/api/v1/documents', {'Content-Type': 'application/pdf'}, PDF)
        contract.hold('POST', '/api/v1/documents', kept)
        path = '/api/v1/documents/' + kept.json()['sha256']
        contract.hold('GET', path, server.get(path))
        contract.hold('POST', '/api/v1/import/devices', post_table(server, TABLE))
        contract.hold('GET', '/api/v1/export/devices.csv', server.get('/api/v1/export/devices.csv'))
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


def figure_of(answer, name, part=None):
    return [one for one in answer['figures'] if one['id'] == name and one.get('part') == part][0]


@test
def figures_say_what_they_rest_on():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        one = server.get('/api/v1/kpis?device=ct-0000').json()
        same(one['devices'], 1)
        exams = figure_of(one, 'exams')
        same((exams['value'], exams['unit'], exams['numerator']), (104, '1', 104), 'four exams in each of 26 hours')
        assert 30 < exams['coverage_permille'] < 40, exams  # 26 hours of thirty days
        same(exams['coverage_permille'], one['coverage_permille'])
        uptime = figure_of(one, 'uptime')
        same((uptime['value'], uptime['why_null'], uptime['basis']), (None, 'not_on_file', ['contract', 'opening_hours']))
        silent = server.get('/api/v1/kpis?device=ct-0004').json()
        same((figure_of(silent, 'exams')['value'], figure_of(silent, 'exams')['why_null']), (None, 'no_data'), 'never heard of: not zero')
        site = server.get('/api/v1/kpis?site=East').json()
        same((site['devices'], figure_of(site, 'exams')['value']), (5, 416))
        same(figure_of(site, 'ctdivol_p50')['why_null'], 'one_device_only')
        page = server.get('/api/v1/kpis?limit=2').json()
        same([item['device'] for item in page['items']], ['ct-0000', 'ct-0001'])
        same(figure_of(page['items'][0], 'exams')['value'], 104)
        rest = server.get('/api/v1/kpis?limit=3&cursor=' + page['next_cursor']).json()
        same(([item['device'] for item in rest['items']], rest['next_cursor']), (['ct-0002', 'ct-0003', 'ct-0004'], None))
        server.tell('commit 3')
        same(figure_of(server.get('/api/v1/kpis?device=ct-0000').json(), 'data_completeness')['numerator'] > figure_of(one, 'data_completeness')['numerator'], True,
             'a new leaf makes the figures anew')
        refused = {'device=no-such': 404, 'site=West': 404, 'org=nobody': 404, 'device=ct-0000&site=East': 400, 'site=East&org=h-1': 400, 'device=CT': 400,
                   'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z': 400, 'from=1980-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&device=ct-0000': 400,
                   'from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z': 400, 'from=yesterday': 400, 'colour=red': 400, 'limit=0': 400, 'device=unassigned-east': 404}
        for query, want in refused.items():
            answer = server.get('/api/v1/kpis?' + query)
            same(answer.status, want, query)
            contract.hold('GET', '/api/v1/kpis', answer)


@test
def the_dictionary_explains_every_figure_and_field():
    with Server(PROGRAM) as server:
        items = {item['id']: item for item in server.get('/api/v1/dictionary').json()['items']}
        for figure in server.get('/api/v1/kpis?device=ct-0000').json()['figures']:
            entry = items['kpi.' + figure['id']]
            same((entry['unit'], entry['formula']), (figure['unit'], figure['definition']), figure['id'])
            assert entry['title_zh'] != entry['id'] and entry['title_en'] != entry['id'], entry
        same((items['usage.exposure.ctdivol_ugy']['unit'], items['usage.exposure.ctdivol_ugy']['source']), ('µGy', 'config/schema/events.toml'))
        same(items['paper.contract.exclusions[].reason']['values'][0], 'force_majeure')
        same(items['paper.permit.no']['title_zh'], '许可证编号')
        for kind in server.get('/api/v1/papers/kinds').json()['kinds']:
            for field in kind['fields']:
                assert f"paper.{kind['kind']}.{field['name']}" in items, field


@test
def a_passport_is_the_whole_file():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        passport = server.get('/api/v1/devices/ct-0000/passport').json()
        same((passport['identity']['serial'], passport['identity']['site'], passport['identity']['udi']), ('MA-0', 'East', None))
        same([span['state'] for span in passport['timeline']], ['IN_USE'])
        same([(d['event'], d['leaf']['actor'], d['log_index']) for d in passport['declarations']], [('baseline.declared', 'Lin Wei', 2)])
        same([(p['id'], p['body']['from']) for p in passport['permits']], [(f'P-{i}', '2026-01-01T00:00:00.000Z') for i in range(3)])
        same(sorted(f['rule'] for f in passport['findings']), ['V10', 'V11', 'V12', 'V23', 'V35', 'W01', 'records_lost'])
        same(passport['checkpoint']['size'], passport['log_size'])
        same(figure_of(passport['years'][-1], 'exams')['value'], 104)
        same(passport['left_out'], {})
        same(server.get('/api/v1/devices/ct-0004/passport').json()['timeline'], [], 'registered and nothing more')
        for path, want in {'no-such/passport': 404, 'CT/passport': 400, 'ct-0000/passport?x=1': 400, 'unassigned-east/passport': 404}.items():
            answer = server.get('/api/v1/devices/' + path)
            same(answer.status, want, path)
            contract.hold('GET', '/api/v1/devices/' + path, answer)


@test
def papers_are_filed_as_their_kind_says():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        listed = server.get('/api/v1/papers?kind=permit&limit=2').json()
        same([paper['id'] for paper in listed['items']], ['P-0', 'P-1'])
        same(listed['items'][0]['body']['from'], '2026-01-01T00:00:00.000Z', 'times are text outside')
        rest = server.get('/api/v1/papers?kind=permit&limit=2&cursor=' + listed['next_cursor']).json()
        same(([paper['id'] for paper in rest['items']], rest['next_cursor']), (['P-2'], None))
        same(len(server.get('/api/v1/devices/ct-0000/papers').json()['items']), 5)
        same([paper['kind'] for paper in server.get('/api/v1/devices/ct-0001/papers').json()['items']], ['org', 'site'])
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
        for path, key, want in [('/api/v1/devices', 'id', 7), ('/api/v1/devices/ct-0000/records', 'log_index', 18), ('/api/v1/findings', 'id', 7),
                                ('/api/v1/orgs', 'id', 2), ('/api/v1/due', 'ref', 4)]:
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


def paths_of_findings(server):
    for item in server.get('/api/v1/findings?limit=500').json()['items']:
        yield item, f"/api/v1/devices/{item['device']}/findings/{item['rule']}/{quote(item['key'] or '-', safe='')}"


@test
def findings_are_filtered_as_asked():
    with Server(PROGRAM) as server:
        contract = Contract(server)

        def rules(query):
            answer = server.get('/api/v1/findings?' + query)
            same(answer.status, 200, query)
            contract.hold('GET', '/api/v1/findings', answer)
            return [item['rule'] for item in answer.json()['items']]
        for query, want in {'': ['records_lost', 'V10', 'V11', 'V12', 'V23', 'V35', 'W01'], 'open=false': ['W01'], 'rule=V23,W01': ['V23', 'W01'],
                            'severity=critical': ['V10', 'V11', 'V12'], 'severity=high,medium&open=true': ['records_lost', 'V23', 'V35'],
                            'stage=answered': ['V35'], 'stage=answered,withdrawn': ['V35', 'W01'], 'device=ct-0001': [], 'org=h-1&rule=V35': ['V35'],
                            'org=h-2': [], 'site=East&stage=withdrawn': ['W01'], 'site=%E4%B8%9C': []}.items():
            same(rules(query), want, query)
        for query, want in {'severity=bad': 400, 'stage=bad': 400, 'open=1': 400, 'rule=': 400, 'rule=V1,': 400, 'org=': 400, 'device=no-such': 404, 'colour=red': 400}.items():
            answer = server.get('/api/v1/findings?' + query)
            same(answer.status, want, query)
            contract.hold('GET', '/api/v1/findings', answer)
        page = server.get('/api/v1/findings?site=East&org=h-1&limit=1')
        link = re.match('<(.*)>; rel="next"', page.headers['link']).group(1)
        same(server.get(link).json()['items'][0]['rule'], 'V10', 'Link leads on with the filters')
        same(server.get('/api/v1/findings?org=h-2').json(), {'items': [], 'next_cursor': None})


@test
def a_case_says_all_that_is_known_and_how_to_see_it_again():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        for item, path in paths_of_findings(server):
            answer = server.get(path)
            same(answer.status, 200, path)
            contract.hold('GET', '/api/v1/devices/x/findings/y/z', answer)
            case = answer.json()
            same({key: case[key] for key in item}, item, 'the case holds the list element')
            assert case['reproduce'].startswith('gantry '), case['reproduce']
            assert case['records'], path
        cases = {item['rule']: server.get(path).json() for item, path in paths_of_findings(server)}
        open_case = cases['V23']
        same(open_case['reproduce'], "gantry judge --device ct-0000 --rule V23 --key 'test/it'\\''s due'")
        same((open_case['to'], open_case['pack'], open_case['rule_version'], open_case['device_name']), (None, 'quality', 1, 'CT "0"'))
        assert open_case['title_zh'] and open_case['text_en'] and open_case['basis_en'] and open_case['parameters']
        same([r['log_index'] for r in open_case['records']], [3, 4])
        same({a['event']: a['roles'] for a in open_case['actions']}['finding.confirmed'], ['REG-H', 'REG-E', 'REG-D'])
        same({a['event']: a['roles'] for a in open_case['actions']}['finding.answered'], ['HM', 'RAD'])
        answered = cases['V35']
        same((answered['stage'], answered['owner'], answered['steps'][0]['action'], answered['steps'][0]['actor']), ('answered', 'Wang Fang', 'assigned', 'Lin Wei'))
        assert answered['to'] is not None and answered['key'] == ''
        same((cases['W01']['open'], cases['W01']['actions']), (False, []))
        lost = cases['records_lost']
        same((lost['pack'], lost['title_zh'], lost['rule_version']), ('log', '记录丢失', 0))
        same(lost['reproduce'], 'gantry rebuild --check && gantry findings --device ct-0000 --rule records_lost --key k')
        for path, want in {'/api/v1/devices/ct-0000/findings/V23/none': 404, '/api/v1/devices/no-such/findings/V23/k': 404, '/api/v1/devices/ct-0000/findings/V23/': 404,
                           '/api/v1/devices/NO/findings/V23/k': 400, '/api/v1/devices/ct-0000/findings/records_lost/k?x=1': 400}.items():
            same(server.get(path).status, want, path)


@test
def rules_are_listed_with_their_texts_and_findings():
    with Server(PROGRAM) as server:
        items = server.get('/api/v1/rules').json()['items']
        versions = {(rule['id'], rule['version']): rule for rule in items}
        same(len(versions), len(items), 'each version once')
        licence = versions['V01', 1]
        same((licence['pack'], licence['function'], licence['from'], licence['to']), ('permits', 'unlicensed_use', '2018-04-02T00:00:00.000Z', '2023-03-03T00:00:00.000Z'))
        same((licence['parameters']['modalities'], licence['parameters']['ct_rows_min']), (['PET-CT', 'PET-MR', 'LINAC'], 64))
        same((versions['V01', 2]['to'], versions['V23', 1]['open_findings'], versions['W01', 1]['open_findings']), (None, 1, 0))
        same((versions['gap_open', 0]['pack'], versions['records_lost', 0]['open_findings']), ('log', 1))
        same(server.get('/api/v1/rules?x=1').status, 400)
        same(server.get('/api/v1/rules', If_None_Match=server.get('/api/v1/rules').headers['etag']).status, 304)


@test
def what_is_due_is_listed_soonest_first():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        answer = server.get('/api/v1/due')
        contract.hold('GET', '/api/v1/due', answer)
        page = answer.json()
        same([(item['device'], item['kind'], item['overdue']) for item in page['items']],
             [('ct-0001', 'work_order', False), ('ct-0000', 'permit_renewal', True), ('ct-0000', 'maintenance', False), ('ct-0001', 'status_test', False)])
        same(page['devices_waiting'], 3)
        visit = page['items'][2]
        same((visit['estimated'], visit['what'], visit['ref'], visit['title_zh'], visit['org'], visit['site'], visit['device_name']),
             (True, 'quarterly, long visit', 'S-1', '维护保养', 'h-1', 'East', 'CT "0"'))
        same((page['items'][3]['ref'], page['items'][3]['what']), (None, None))
        same([item['ref'] for item in server.get('/api/v1/due?device=ct-0000').json()['items']], ['P-0', 'S-1'])
        same(server.get('/api/v1/due?org=h-2').json()['items'], [])
        same(len(server.get(f"/api/v1/due?until={visit['at']}").json()['items']), 2, 'until is not among them')
        for query, want in {'device=no-such': 404, 'until=x': 400, 'limit=0': 400, 'kind=x': 400}.items():
            same(server.get('/api/v1/due?' + query).status, want, query)


def unfolded(body):
    assert body.replace(b'\r\n', b'').find(b'\n') == -1, 'every line ends in CRLF'
    assert max(len(line) for line in body.split(b'\r\n')) <= 75, 'lines are folded'
    return body.decode().replace('\r\n ', '').split('\r\n')


@test
def the_calendar_is_icalendar():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        answer = server.get('/api/v1/due.ics')
        contract.hold('GET', '/api/v1/due.ics', answer)
        lines = unfolded(answer.body)
        same((lines[0], lines[1], lines[-2], lines[-1]), ('BEGIN:VCALENDAR', 'VERSION:2.0', 'END:VCALENDAR', ''))
        same(lines.count('BEGIN:VEVENT'), 4)
        uids = [line for line in lines if line.startswith('UID:')]
        same((len(set(uids)), uids[1]), (4, 'UID:ct-0000-permit_renewal-P-0@gantry'))
        assert r'SUMMARY:Maintenance · CT "0" · quarterly\, long visit' in lines, lines
        assert all(re.fullmatch(r'DTSTART;VALUE=DATE:[0-9]{8}', line) for line in lines if line.startswith('DTSTART'))
        assert all(re.fullmatch(r'DTSTAMP:[0-9]{8}T[0-9]{6}Z', line) for line in lines if line.startswith('DTSTAMP'))
        zh = unfolded(server.get('/api/v1/due.ics?device=ct-0000', Accept_Language='zh-CN,zh;q=0.9').body)
        same(zh.count('BEGIN:VEVENT'), 2)
        assert any('维护保养' in line for line in zh)
        assert any('Maintenance' in line for line in unfolded(server.get('/api/v1/due.ics?lang=en', Accept_Language='zh-CN').body))
        same(unfolded(server.get('/api/v1/due.ics?org=h-2').body).count('BEGIN:VEVENT'), 0)
        same(server.get('/api/v1/due.ics', If_None_Match=answer.headers['etag']).status, 304)
        for query, want in {'device=no-such': 404, 'lang=fr': 400, 'limit=5': 400}.items():
            same(server.get('/api/v1/due.ics?' + query).status, want, query)


@test
def missing_papers_are_named_with_who_owes_them():
    with Server(PROGRAM) as server:
        page = server.get('/api/v1/devices/ct-0000/missing').json()
        same(page['state'], 'IN_USE')
        kinds = {item['kind']: item for item in page['items']}
        assert kinds['device_sheet']['since'] is not None, kinds
        assert 'radiation_safety' not in kinds, 'what kind of device it is, only its sheet tells'
        assert kinds['serial']['title_zh'] == '序列号' and kinds['serial']['who'] == 'HM' and kinds['serial']['since'] is not None
        same(server.get('/api/v1/devices/ct-0004/missing').json(), {'state': None, 'items': []})
        same(server.get('/api/v1/devices/no-such/missing').status, 404)
        same(server.get('/api/v1/devices/unassigned-east/missing').status, 404)


TABLE = ('\ufeff设备编号,设备名称,类别,型号,状态,启用日期,备用\r\n'
         'ct-0000,一号CT,CT,Axis <128>,在用,2024-05-01,x\r\n'
         'ct-9001,新CT,CT,Force,IN_USE,2025-03-05,\r\n'
         'ct-9002,坏行,CT,Force,飞行,昨天,\r\n'
         'guarded,三号,CT,Force,IDLE,,\r\n')


def post_table(server, table, kind='text/csv', query='dry_run=true'):
    return server.ask('POST', '/api/v1/import/devices?' + query, {'Content-Type': kind}, table)


@test
def a_table_is_tried_before_it_is_imported():
    with Server(PROGRAM) as server:
        contract = Contract(server)
        answer = post_table(server, TABLE)
        same(answer.status, 200, answer.body)
        contract.hold('POST', '/api/v1/import/devices', answer)
        report = answer.json()
        same((report['dry_run'], report['rows'], report['added'], report['changed'], report['unchanged'], report['refused']), (True, 4, 2, 1, 0, 1))
        same(report['unknown_columns'], ['备用'])
        same([(row['row'], row['device'], row['action'], row['state']) for row in report['results']],
             [(2, 'ct-0000', 'changed', 'IN_USE'), (3, 'ct-9001', 'added', 'IN_USE'), (4, 'ct-9002', 'refused', None), (5, 'guarded', 'added', 'IDLE')])
        bad = report['results'][2]
        same([(error['column'], error['got']) for error in bad['errors']], [('状态', '飞行'), ('启用日期', '昨天')])
        assert bad['missing'] is None and all(error['want'] for error in bad['errors'])
        missing = {paper['kind']: paper for paper in report['results'][1]['missing']}
        same((missing['radiation_safety']['who'], missing['radiation_safety']['since']), ('REG-E', '2025-03-04T16:00:00.000Z'))
        assert 'device_sheet' not in missing, 'the row itself is the sheet'
        same(server.tell('count'), 0, 'a dry run stores nothing')

        done = post_table(server, TABLE, query='dry_run=false&actor=Lin%20Wei&org=h-1')
        contract.hold('POST', '/api/v1/import/devices', done)
        report = done.json()
        same((report['dry_run'], report['added'], report['changed'], report['refused']), (False, 1, 1, 2))
        same(report['results'][3]['errors'], [{'column': '', 'got': 'guarded', 'want': 'the guard says no'}])
        same(server.tell('count'), 3)


@test
def tables_come_as_csv_ndjson_and_xlsx():
    with Server(PROGRAM) as server:
        ndjson = '{"id":"ct-9001","modality":"CT","state":"IN_USE","rows":64}\n{"id":"ct-9002","modality":"CT","state":"nowhere"}\n'
        report = post_table(server, ndjson, 'application/x-ndjson').json()
        same([(row['row'], row['action']) for row in report['results']], [(1, 'added'), (2, 'refused')])
        xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
        report = post_table(server, workbook([['设备编号', '类别', '状态'], ['ct-9001', 'CT', '在用']]), xlsx).json()
        same([(row['row'], row['device'], row['action']) for row in report['results']], [(2, 'ct-9001', 'added')])
        wrong = [(ndjson, 'application/x-ndjson', 'dry_run=maybe', 400, 'bad_parameter'), (ndjson, 'application/x-ndjson', 'dry_run=false', 400, 'bad_parameter'),
                 (TABLE, 'text/csv', 'dry_run=true&tz=Mars/Base', 422, 'invalid'), (TABLE, 'application/json', 'dry_run=true', 415, 'media_type'), (TABLE, 'text/csv', 'x=1', 400, 'unknown_parameter'),
                 ('', 'text/csv', 'dry_run=true', 422, 'invalid'), ('id,state\nct-1,IN_USE\n', 'text/csv', 'dry_run=true', 422, 'invalid'), (b'\xff\xfe', 'text/csv', 'dry_run=true', 422, 'invalid'),
                 (b'PK\x03\x04', xlsx, 'dry_run=true', 422, 'invalid'), (b'x' * (4 * 1024 * 1024 + 1), 'text/csv', 'dry_run=true', 413, 'too_large'),
                 ('id,modality,state\n' + 'ct-1,CT,IN_USE\n' * 10001, 'text/csv', 'dry_run=true', 422, 'invalid')]
        contract = Contract(server)
        for table, kind, query, status, code in wrong:
            answer = post_table(server, table, kind, query)
            same((answer.status, answer.code), (status, code), table[:40])
            contract.hold('POST', '/api/v1/import/devices', answer)
        same(post_table(server, 'id,modality,state\n').json()['results'], [], 'an empty table changes nothing')
        same(server.tell('count'), 0)


def workbook(rows):
    """An XLSX file as table programs write it."""
    cells = ''.join(f'<row r="{r}">' + ''.join(f'<c r="{chr(65 + c)}{r}" t="inlineStr"><is><t>{value}</t></is></c>' for c, value in enumerate(row)) + '</row>'
                    for r, row in enumerate(rows, 1))
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('[Content_Types].xml', '<Types/>')
        archive.writestr('xl/workbook.xml', '<workbook/>')
        archive.writestr('xl/worksheets/sheet1.xml', f'<worksheet><sheetData>{cells}</sheetData></worksheet>')
    return out.getvalue()


PDF = b'%PDF-1.7\n% acceptance test of a scanner\n%%EOF\n'


@test
def documents_are_kept_by_their_hash():
    with Server(PROGRAM) as server:
        contract = Contract(server)

        def post(query, body=PDF, kind='application/pdf', **headers):
            answer = server.ask('POST', '/api/v1/documents' + query, {'Content-Type': kind, **headers}, body)
            contract.hold('POST', '/api/v1/documents', answer)
            return answer
        sha = hashlib.sha256(PDF).hexdigest()
        loose = post('')
        same((loose.status, loose.json()), (201, {'sha256': sha, 'size': len(PDF), 'type': 'application/pdf', 'log_index': None, 'paper': None}))
        filed = post('?device=ct-0000&kind=acceptance_report&title=%E9%AA%8C%E6%94%B6&actor=Lin%20Wei')
        same((filed.status, filed.json()['log_index'], filed.json()['sha256']), (201, 1001, sha))
        assert re.fullmatch('doc-[0-9a-f]{32}', filed.json()['paper'])
        kept = server.get('/api/v1/documents/' + sha)
        contract.hold('GET', '/api/v1/documents/' + sha, kept)
        same((kept.status, kept.body, kept.headers['content-type'], kept.headers['x-content-type-options']), (200, PDF, 'application/pdf', 'nosniff'))
        same(kept.headers['content-disposition'], f'attachment; filename="{sha[:16]}.pdf"')
        same(server.get('/api/v1/documents/' + sha, If_None_Match=kept.headers['etag']).status, 304)
        text = '设备,结论\nct-0000,合格\n'.encode()
        answer = post('', text, 'text/csv; charset=utf-8')
        same(server.get('/api/v1/documents/' + answer.json()['sha256']).headers['content-type'], 'text/plain; charset=utf-8')
        same(post('', workbook([['a']]), 'application/octet-stream').json()['type'], 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')
        big = b'%PDF-' + b'0' * (16 * 1024 * 1024 - 5)
        same(post('', big).status, 201, 'the largest')
        for query, body, kind, status, code in [('', big + b'0', 'application/pdf', 413, 'too_large'), ('', b'MZ\x90\x00', 'application/octet-stream', 415, 'document_type'),
                                                ('', b'', 'text/plain', 415, 'document_type'), ('', PDF, 'application/json', 415, 'media_type'),
                                                ('?device=ct-0000', PDF, 'application/pdf', 400, 'bad_parameter'), ('?kind=x', PDF, 'application/pdf', 400, 'bad_parameter'),
                                                ('?device=ct-0000&kind=x', PDF, 'application/pdf', 400, 'bad_parameter'), ('?device=no-such&kind=x&actor=a', PDF, 'application/pdf', 404, 'not_found'),
                                                ('?at=x', PDF, 'application/pdf', 400, 'bad_parameter'),
                                                ('?at=2999-01-01T00:00:00Z', PDF, 'application/pdf', 400, 'bad_parameter'), ('?role=KING', PDF, 'application/pdf', 400, 'bad_parameter')]:
            answer = post(query, body, kind)
            same((answer.status, answer.code), (status, code), query)
        for path, want in {'f' * 64: 404, 'F' * 64: 400, sha[:63]: 400, sha + '?x=1': 400}.items():
            same(server.get('/api/v1/documents/' + path).status, want, path)


def sheet_texts(data):
    """All texts and numbers of the first sheet, in order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        text = archive.read('xl/worksheets/sheet1.xml').decode()
    return re.findall(r'<(?:t|v)(?: [^>]*)?>([^<]*)</(?:t|v)>', text), text


@test
def lists_leave_as_files():
    with Server(PROGRAM) as server:
        contract = Contract(server)

        def get(name, query='', **headers):
            answer = server.get(f'/api/v1/export/{name}{query}', **headers)
            contract.hold('GET', '/api/v1/export/' + name, answer)
            return answer
        for resource, count, list_path in [('devices', 5, 'devices'), ('findings', 7, 'findings'), ('due', 4, 'due')]:
            lines = [json.loads(line) for line in get(resource + '.ndjson').body.decode().splitlines()]
            items = server.get(f'/api/v1/{list_path}?limit=500').json()['items']
            same([set(line) for line in lines], [set(item) for item in items], 'NDJSON has the members of the list')
            same([line.get('id', line.get('ref')) for line in lines], [item.get('id', item.get('ref')) for item in items])
            answer = get(resource + '.csv')
            same(answer.status, 200, resource)
            assert re.fullmatch(f'attachment; filename="gantry-{resource}-[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}.csv"', answer.headers['content-disposition'])
            text = answer.body.decode()
            assert text.endswith('\r\n') and '\n' not in text.replace('\r\n', '')
            rows = list(csv.reader(io.StringIO(text, newline='')))
            same((len(rows), {len(row) for row in rows}), (count + 1, {len(rows[0])}))
            texts, _ = sheet_texts(get(resource + '.xlsx').body)
            assert rows[1][0] in texts and rows[0][0] in texts, texts[:20]
        due = list(csv.reader(io.StringIO(get('due.csv', '?device=ct-0000').body.decode(), newline='')))
        same(due[1][5], "'=1+1", 'no cell is a formula')
        same(due[2][5], 'quarterly, long visit')
        texts, xml = sheet_texts(get('due.xlsx').body)
        assert '=1+1' in texts and '<f>' not in xml, 'a text stays a text'
        same(list(csv.reader(io.StringIO(get('devices.csv').body.decode())))[1][1], 'CT "0"')
        zh = get('findings.csv', '?bom=1&severity=critical', Accept_Language='zh-CN')
        assert zh.body.startswith(b'\xef\xbb\xbf') and '设备编号' in zh.body.decode() and zh.body.count(b'\r\n') == 4
        assert '设备编号' in get('findings.csv', '?lang=zh-CN').body.decode()
        empty = get('findings.csv', '?org=h-2').body.decode()
        same(empty.count('\r\n'), 1, 'the heading alone')
        same(get('findings.ndjson', '?org=h-2').body, b'')
        for name, status in {'devices.pdf': 404, 'novels.csv': 404, 'devices.csv?bom=2': 400, 'devices.csv?open=true': 400, 'findings.csv?severity=bad': 400, 'due.csv?until=x': 400,
                             'devices.csv?device=no-such': 404}.items():
            same(server.get('/api/v1/export/' + name).status, status, name)


@test
def organisations_are_listed_with_their_devices():
    with Server(PROGRAM) as server:
        first, second = server.get('/api/v1/orgs').json()['items']
        same((first['id'], first['name'], first['name_en'], first['kind'], first['region'], first['devices']), ('h-1', '第一医院', 'First Hospital', 'hospital', 'East', 5))
        same(first['sites'], [{'id': 'East', 'name': 'East campus', 'name_en': None, 'tz': 'Asia/Shanghai'}])
        same(first['findings_open'], {'critical': 3, 'high': 3, 'medium': 0, 'low': 0, 'info': 0})
        same((second['id'], second['devices'], second['sites']), ('lab-1', 0, []))
        same(server.get('/api/v1/orgs?x=1').status, 400)
    with Server(PROGRAM, devices=0) as server:
        same([org['devices'] for org in server.get('/api/v1/orgs').json()['items']], [0, 0])


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
        same([r['kind'] for r in records[:5]], ['fact'] * 4 + ['record'])
        same({r['log_index'] for r in records}, {0} | set(range(2, 19)))
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
