# SPDX-License-Identifier: MIT
"""What Kubernetes requires of a manifest and which keys it knows there, for the kinds and keys that
the examples use. A small part of its schema, written by hand, since tests have no network."""

PROBE = {'httpGet', 'periodSeconds', 'failureThreshold', 'timeoutSeconds', 'initialDelaySeconds',
         'successThreshold'}

# {place: (required keys, other keys)}; [] stands for each item of a list, * for any one key.
METADATA = {'metadata': ({'name'}, {'labels', 'annotations', 'namespace'})}
KINDS = {
    ('v1', 'ConfigMap'): {'': (set(), {'data'})},
    ('v1', 'Service'): {
        '': ({'spec'}, set()),
        'spec': ({'ports'}, {'selector', 'type', 'clusterIP'}),
        'spec.ports[]': ({'port'}, {'name', 'targetPort', 'protocol'}),
    },
    ('policy/v1', 'PodDisruptionBudget'): {
        '': ({'spec'}, set()),
        'spec': ({'selector'}, {'maxUnavailable', 'minAvailable'}),
        'spec.selector': ({'matchLabels'}, set()),
    },
    ('autoscaling/v2', 'HorizontalPodAutoscaler'): {
        '': ({'spec'}, set()),
        'spec': ({'scaleTargetRef', 'maxReplicas'}, {'minReplicas', 'metrics', 'behavior'}),
        'spec.scaleTargetRef': ({'kind', 'name'}, {'apiVersion'}),
        'spec.metrics[]': ({'type'}, {'pods', 'resource', 'object', 'external'}),
        'spec.metrics[].pods': ({'metric', 'target'}, set()),
        'spec.metrics[].pods.metric': ({'name'}, {'selector'}),
        'spec.metrics[].pods.target': ({'type'}, {'averageValue', 'value'}),
    },
    ('apps/v1', 'Deployment'): {
        '': ({'spec'}, set()),
        'spec': ({'selector', 'template'}, {'replicas', 'strategy', 'minReadySeconds'}),
        'spec.selector': ({'matchLabels'}, set()),
        'spec.strategy': (set(), {'type', 'rollingUpdate'}),
        'spec.strategy.rollingUpdate': (set(), {'maxSurge', 'maxUnavailable'}),
        'spec.template': ({'metadata', 'spec'}, set()),
        'spec.template.metadata': ({'labels'}, {'annotations'}),
        'spec.template.spec': ({'containers'}, {'terminationGracePeriodSeconds', 'volumes',
                                                'securityContext', 'serviceAccountName'}),
        'spec.template.spec.securityContext': (set(), {'runAsNonRoot', 'runAsUser', 'runAsGroup'}),
        'spec.template.spec.containers[]': (
            {'name', 'image'}, {'command', 'args', 'env', 'ports', 'startupProbe', 'resources',
                                'readinessProbe', 'livenessProbe', 'securityContext',
                                'volumeMounts', 'lifecycle'}),
        'spec.template.spec.containers[].ports[]': ({'containerPort'}, {'name', 'protocol'}),
        'spec.template.spec.containers[].startupProbe': ({'httpGet'}, PROBE),
        'spec.template.spec.containers[].readinessProbe': ({'httpGet'}, PROBE),
        'spec.template.spec.containers[].livenessProbe': ({'httpGet'}, PROBE),
        'spec.template.spec.containers[].startupProbe.httpGet': ({'port'}, {'path'}),
        'spec.template.spec.containers[].readinessProbe.httpGet': ({'port'}, {'path'}),
        'spec.template.spec.containers[].livenessProbe.httpGet': ({'port'}, {'path'}),
        'spec.template.spec.containers[].resources': (set(), {'limits', 'requests'}),
        'spec.template.spec.containers[].securityContext': (
            set(), {'readOnlyRootFilesystem', 'allowPrivilegeEscalation', 'capabilities'}),
        'spec.template.spec.containers[].volumeMounts[]': (
            {'name', 'mountPath'}, {'readOnly', 'subPath'}),
        'spec.template.spec.volumes[]': ({'name'}, {'configMap', 'emptyDir', 'secret'}),
    },
}


def nodes(value, place=''):
    """(place, map) of every map in a document."""
    if isinstance(value, dict):
        yield place, value
        for key, below in value.items():
            yield from nodes(below, f'{place}.{key}' if place else key)
    elif isinstance(value, list):
        for item in value:
            yield from nodes(item, f'{place}[]')


def key_faults(document, places):
    for place, node in nodes(document):
        if place not in places:
            continue
        required, others = places[place]
        known = required | others | ({'apiVersion', 'kind', 'metadata'} if not place else set())
        where = f'{place}.' if place else ''
        yield from (f'{where}{key} is missing' for key in sorted(required - set(node)))
        yield from (f'{where}{key} is unknown' for key in sorted(set(node) - known))


def pod_faults(document):
    """What a Deployment says in two places must be the same."""
    spec = document['spec']
    pod = spec['template']['spec']
    labels = spec['template']['metadata']['labels']
    if not spec['selector']['matchLabels'].items() <= labels.items():
        yield 'spec.selector selects no pod of the template'
    volumes = {volume['name'] for volume in pod.get('volumes', ())}
    for container in pod['containers']:
        ports = {port.get('name') for port in container.get('ports', ())} | {
            port['containerPort'] for port in container.get('ports', ())}
        for probe in ('startupProbe', 'readinessProbe', 'livenessProbe'):
            if probe in container and container[probe]['httpGet']['port'] not in ports:
                yield f'{probe} names no port of the container'
        yield from (f'the mount {mount["name"]} names no volume'
                    for mount in container.get('volumeMounts', ()) if mount['name'] not in volumes)


def faults_of(document):
    places = KINDS.get((document.get('apiVersion'), document.get('kind')))
    if places is None:
        return [f'unknown kind {document.get("apiVersion")} {document.get("kind")}']
    faults = list(key_faults(document, {**METADATA, **places}))
    if not faults and document['kind'] == 'Deployment':
        faults.extend(pod_faults(document))
    return faults
