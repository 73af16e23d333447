# SPDX-License-Identifier: MIT
"""The manifests in packaging/examples/containers are what Kubernetes, compose and Envoy expect, as
far as that can be told without them, and name geventd's settings rightly."""
import pathlib
import re

import pytest

from kubernetes_schema import faults_of

yaml = pytest.importorskip('yaml')
ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / 'packaging/examples/containers'
DOCKERFILES = ('../../docker/debian.Dockerfile', '../../docker/python.Dockerfile')
SECONDS = {'ms': 0.001, 's': 1, 'm': 60, 'h': 3600}
DRAINS = ('drain-delay', 'drain-requests', 'drain-background')


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def settings():
    """{key: default} of docs/configuration.md"""
    rows = re.findall(r'^\| `([a-z.-]+)` \|.*?\| (?:`([^`]*)`|[^|`]*) \| (?:now|new|restart)',
                      (ROOT / 'docs/configuration.md').read_text(), re.M)
    assert len(rows) > 60
    return dict(rows)


def seconds(text):
    number, unit = re.fullmatch(r'(\d+)(ms|s|m|h)', text).groups()
    return int(number) * SECONDS[unit]


def whole_stop(limits):
    known = settings()
    times = [limits.get(name, known[f'limits.{name}']) for name in DRAINS]
    return sum(seconds(time) if time != '0' else 0 for time in times)


def variables(name):
    """{key: value} of the GEVENTD__ variables in a file."""
    found = re.findall(r'\bGEVENTD__(\w+)["]?\s*[=:]\s*"?([^"\n]*)',
                       (FOLDER / name).read_text())
    return {key.lower().replace('__', '.').replace('_', '-'): value for key, value in found}


@pytest.mark.parametrize('name', [path.name for path in sorted(FOLDER.glob('*.yaml'))])
def test_yaml_is_well_formed(name):
    assert all(documents(name))


def test_kubernetes_finds_what_it_requires_and_nothing_unknown():
    assert [faults_of(document) for document in documents('kubernetes.yaml')] == [[]] * 5


def test_a_fault_would_be_found():
    """The check itself: each of these changes makes a manifest that Kubernetes refuses."""
    for path, value, fault in (
            (('kind',), 'Deploy', 'unknown kind'),
            (('spec', 'selector'), None, 'spec.selector is missing'),
            (('spec', 'template', 'metadata', 'labels', 'app'), 'other', 'selects no pod'),
            (('spec', 'template', 'spec', 'containers', 0, 'readinesProbe'), {}, 'readinesProbe'),
            (('spec', 'template', 'spec', 'containers', 0, 'livenessProbe', 'httpGet', 'port'),
             'metric', 'names no port'),
            (('spec', 'template', 'spec', 'volumes', 0, 'name'), 'other', 'names no volume')):
        deployment = documents('kubernetes.yaml')[1]
        place = deployment
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        assert any(fault in told for told in faults_of(deployment)), path


def test_grace_periods_exceed_the_drain_times():
    config, deployment = documents('kubernetes.yaml')[:2]
    limits = yaml.safe_load(config['data']['server.yaml'])['limits']
    pod = deployment['spec']['template']['spec']
    assert pod['terminationGracePeriodSeconds'] > whole_stop(limits) + 5
    readiness = pod['containers'][0]['readinessProbe']
    assert seconds(limits['drain-delay']) > (
        readiness['periodSeconds'] * readiness['failureThreshold'])
    web = documents('compose.yaml')[0]['services']['web']
    stop = {key.partition('.')[2]: value for key, value in variables('compose.yaml').items()}
    assert seconds(web['stop_grace_period']) > whole_stop(stop) + 5
    nomad = (FOLDER / 'nomad.hcl').read_text()
    stop = {key.partition('.')[2]: value for key, value in variables('nomad.hcl').items()}
    assert seconds(re.search(r'kill_timeout = "(\w+)"', nomad)[1]) > whole_stop(stop) + 5


def test_settings_exist():
    known = settings()
    config = yaml.safe_load(documents('kubernetes.yaml')[0]['data']['server.yaml'])
    named = {f'{group}.{key}' for group, keys in config.items() for key in keys}
    for name in ('compose.yaml', 'nomad.hcl', *DOCKERFILES):
        assert variables(name), name
        named |= set(variables(name))
    assert sorted(named - set(known)) == []


def test_compose_has_services_with_known_keys():
    document, = documents('compose.yaml')
    assert set(document) == {'services'}
    for service in document['services'].values():
        assert 'build' in service or 'image' in service
        assert set(service) <= {
            'build', 'image', 'command', 'ports', 'environment', 'read_only', 'tmpfs', 'volumes',
            'stop_grace_period', 'stop_signal', 'healthcheck', 'deploy', 'depends_on', 'user'}
        assert service['healthcheck']['test'][0] in ('CMD', 'CMD-SHELL', 'NONE')


@pytest.mark.parametrize('name', DOCKERFILES)
def test_a_dockerfile_begins_with_an_image_and_ends_as_geventd(name):
    text = (FOLDER / name).read_text()
    lines = re.sub(r'\\\n', ' ', text).splitlines()
    steps = [line.split()[0] for line in lines if line and not line.startswith('#')]
    assert steps[0] == 'FROM'
    assert set(steps) <= {'FROM', 'COPY', 'RUN', 'WORKDIR', 'ENV', 'EXPOSE', 'USER', 'CMD',
                          'STOPSIGNAL', 'HEALTHCHECK'}
    assert 'CMD ["sh", "-c", "exec geventd --set listen=http://:$PORT --set app=app:app"]' in lines


def test_envoys_clusters_are_those_that_it_routes_to():
    static = documents('envoy.yaml')[0]['static_resources']
    routed = re.findall(r'cluster: (\w+)', (FOLDER / 'envoy.yaml').read_text())
    assert {cluster['name'] for cluster in static['clusters']} == set(routed)
