// SPDX-License-Identifier: MIT
'use strict';

const KEPT = 900;  // points, a second each, as the server keeps them
const points = [];
let newest = 0;    // ordinal of the newest point
let server = null; // pid of the server that the points come from
let shown = 300;   // seconds

const seconds = value => value == null ? '–'
  : value < 0.001 ? (value * 1e6).toFixed(0) + ' µs'
  : value < 1 ? (value * 1e3).toFixed(value < 0.01 ? 1 : 0) + ' ms'
  : value < 60 ? value.toFixed(1) + ' s' : age(value);
const age = value => value == null ? '–'
  : value < 60 ? value.toFixed(0) + ' s'
  : value < 3600 ? Math.floor(value / 60) + ' min'
  : value < 86400 ? (value / 3600).toFixed(1) + ' h' : (value / 86400).toFixed(1) + ' d';
const number = value => value == null ? '–'
  : value > 0 && value < 10 ? value.toFixed(1).replace('.0', '') : Math.round(value).toLocaleString('en');
const bytes = value => {
  if (value == null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < 4) { value /= 1024; unit++; }
  return value.toFixed(unit ? 1 : 0) + ' ' + units[unit];
};

// Title, what it means, format, lines, and whether each step up is ten times as much.
const CHARTS = [
  ['Requests a second', 'answered, and those in which the application raised an exception', number,
   [['finished', p => p.rate], ['failed', p => p.errors]]],
  ['Latency', 'half of the requests, 95 % and 99 % of them took no longer than this', seconds,
   [['p50', p => p.latency.p50], ['p95', p => p.latency.p95], ['p99', p => p.latency.p99]], true],
  ['Cores', 'each runs one request at a time; when all are busy, requests wait', number,
   [['busy', p => p.cores_busy], ['waiting', p => p.queued], ['in all', p => p.cores]]],
  ['Hub lag', 'how late the slowest worker turns to its greenlets: something computes or blocks',
   seconds, [['slowest worker', p => p.hub_lag]], true],
  ['Memory', 'of all workers; what they share is counted in each', bytes, [['in all', p => p.rss]]],
  ['Connections', 'of clients, busy or kept open', number, [['open', p => p.connections]]],
  ['Workers', 'processes that serve requests', number, [['serving', p => p.workers]]],
  ['Signals a second', 'handled by the application', number, [['handled', p => p.signals]]],
];
const COLOURS = ['--one', '--two', '--three'];
const SVG = 'http://www.w3.org/2000/svg';

function element(name, text, className) {
  const made = document.createElement(name);
  if (text != null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function makeChart([title, note, format, lines, isLogarithmic]) {
  const card = element('section', null, 'card');
  const legend = element('div', null, 'legend');
  const plot = element('div', null, 'plot');
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 1000 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  const grid = document.createElementNS(SVG, 'g');
  svg.append(grid);
  const axis = element('div', null, 'axis');
  const from = element('span');
  axis.append(from, element('span', 'now'));
  const drawn = lines.map(([name, value], index) => {
    const path = document.createElementNS(SVG, 'path');
    path.style.stroke = `var(${COLOURS[index]})`;
    svg.append(path);
    const entry = element('span', name + ' ');
    entry.style.color = `var(${COLOURS[index]})`;
    const figure = element('b', '–');
    entry.append(figure);
    legend.append(entry);
    return {value, path, figure};
  });
  plot.append(svg);
  card.append(element('h2', title), element('div', note, 'faint note'), legend, plot, axis);
  document.getElementById('charts').append(card);
  return {format, drawn, from, plot, grid, isLogarithmic};
}

// Functions from a value to its height, 0 to 1, and the values that get a line across the plot.
function linear(values) {
  const top = Math.max(0, ...values);
  return {height: value => top ? value / top : 0, marks: top ? [top, 0] : [0]};
}

function logarithmic(values) {
  const seen = values.filter(value => value > 0);
  if (!seen.length) return linear([]);
  const low = Math.floor(Math.log10(Math.min(...seen)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...seen))), low + 1);
  const marks = [];
  const step = Math.ceil((high - low) / 4);
  for (let power = low; power <= high; power += step) marks.push(10 ** power);
  return {height: value => value > 0 ? (Math.log10(value) - low) / (high - low) : 0, marks};
}

const across = height => 98 - height * 92;  // in hundredths of the plot's height

function drawMarks(chart, scale) {
  chart.plot.replaceChildren(chart.plot.firstChild);
  chart.grid.replaceChildren(...scale.marks.map(mark => {
    const line = document.createElementNS(SVG, 'line');
    const y = across(scale.height(mark));
    for (const [name, value] of [['x1', 0], ['x2', 1000], ['y1', y], ['y2', y]])
      line.setAttribute(name, value);
    if (mark) {
      const label = element('span', chart.format(mark).replace('.0 ', ' '));
      label.style.top = y + '%';
      chart.plot.append(label);
    }
    return line;
  }));
}

function drawChart(chart, seen, start, end) {
  const values = chart.drawn.flatMap(({value}) => seen.map(value)).filter(value => value != null);
  const scale = (chart.isLogarithmic ? logarithmic : linear)(values);
  drawMarks(chart, scale);
  for (const {value, path, figure} of chart.drawn) {
    let text = '', before = null;
    for (const point of seen) {
      const amount = value(point);
      // Where seconds are missing, or have no such figure, there is no line.
      if (amount == null) { before = null; continue; }
      const x = (point.time - start) / (end - start) * 1000;
      const y = across(scale.height(amount));
      const joined = before != null && point.time - before < 5000;
      text += `${joined ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}` + (joined ? '' : 'h.1');
      before = point.time;
    }
    path.setAttribute('d', text);
    figure.textContent = chart.format(seen.length ? value(seen[seen.length - 1]) : null);
  }
  chart.from.textContent = '−' + age(shown);
}

// Rows and cells are kept and only their texts change, so that a click meets what it was meant for.
// A head with * is of a column of texts. A cell is a text, or a function that fills it.
function fill(id, heads, rows, nothing) {
  const table = document.getElementById(id);
  table.closest('.card').hidden = nothing == null && !rows.length;
  if (!rows.length) {
    table.replaceChildren(element('caption', nothing, 'faint'));
    return;
  }
  if (!table.rows.length) {
    const head = element('tr');
    head.append(...heads.map(([text, means]) => {
      const made = element('th', text.replace('*', ''), text.endsWith('*') ? 'text' : '');
      made.title = means ?? '';
      return made;
    }));
    table.replaceChildren(head);
  }
  while (table.rows.length > rows.length + 1) table.deleteRow(-1);
  rows.forEach((cells, number) => {
    const row = table.rows[number + 1] ?? table.insertRow();
    cells.forEach((cell, index) => {
      const made = row.cells[index] ?? row.insertCell();
      if (cell instanceof Function) return cell(made);
      made.className = heads[index][0].endsWith('*') ? 'text' : cell == 0 || cell === '–' ? 'none' : '';
      if (made.textContent !== String(cell)) made.textContent = cell;
    });
  });
}

const occupancy = worker => cell => {
  const meter = cell.querySelector('meter') ?? element('meter');
  meter.max = Math.max(worker.cores, 1);
  meter.high = meter.max * 0.9;
  meter.value = worker.cores_busy;
  cell.replaceChildren(`${worker.cores_busy} of ${worker.cores} `, meter);
};

const lag = worker => cell => cell.replaceChildren(
  worker.hub_blocked == null ? seconds(worker.hub_lag)
                             : element('b', 'blocked ' + seconds(worker.hub_blocked)));

// A button that shows the stacks of a worker or a request.
const stacksOf = (of, title) => cell => {
  if (!cell.firstChild) cell.append(element('button', 'stack'));
  cell.firstChild.onclick = () => showStacks(of, title);
};

function describeGreenlet(greenlet, stacks) {
  const calls = (stacks[greenlet.stack] ?? []).map(
    call => `${call.file}, line ${call.line}, in ${call.function}`);
  return [element('div', greenlet.name + (greenlet.age == null ? '' : ', ' + seconds(greenlet.age))),
          element('pre', calls.join('\n') || '(no Python code)')];
}

async function showStacks(of, title) {
  const card = document.getElementById('stacks');
  const [head, nav, found] = card.children;
  const [again, close] = nav.children;
  again.onclick = () => showStacks(of, title);
  close.onclick = () => { card.hidden = true; };
  head.textContent = title;
  card.hidden = false;
  const parts = [];
  try {
    for (const worker of (await ask('stacks.json?of=' + encodeURIComponent(of))).workers) {
      if (worker.error != null) parts.push(element('div', worker.error));
      if (worker.blocked != null)
        parts.push(element('div', 'its hub is blocked by'), element('pre', worker.blocked));
      for (const greenlet of worker.found?.greenlets ?? [])
        parts.push(...describeGreenlet(greenlet, worker.found.stacks));
    }
  } catch (error) {
    parts.push(element('div', 'nothing of that name: it has ended'));
  }
  found.replaceChildren(...parts);
  card.scrollIntoView({block: 'nearest'});
}

function summary(status) {
  const serving = status.generations.filter(g => g.state === 'serving')[0];
  const waiting = status.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const latency = status.traffic.latency;
  const parts = [status.version, 'pid ' + status.pid, 'up ' + age(status.uptime)];
  if (serving) parts.push('generation ' + serving.number);
  parts.push(...status.listen, 'memory ' + bytes(status.pss));
  if (waiting) parts.push(waiting + ' connections wait to be accepted');
  if (latency.p50 != null)
    parts.push(`latency in the last minute: p50 ${seconds(latency.p50)}, p95 ` +
               `${seconds(latency.p95)}, p99 ${seconds(latency.p99)}`);
  return parts.join(', ');
}

function showStatus(status) {
  document.getElementById('server').textContent = summary(status);
  fill('workers', [['worker'], ['pid'], ['generation', 'counts the reloads'], ['state*'],
                   ['cores busy', 'requests that run now'], ['most', 'cores busy at once so far'],
                   ['waiting', 'requests without a core'], ['connections'], ['requests', 'so far'],
                   ['a second', 'requests, over the last ten seconds'],
                   ['p99', '99 % took no longer, in the last minute'],
                   ['failed', 'requests in which the application raised an exception'],
                   ['hub lag', 'how late it turns to its greenlets'],
                   ['memory', 'with what processes share divided among them'], ['up'], ['']],
       status.workers.map(w => [w.number, w.pid, w.generation, w.state, occupancy(w), w.cores_peak,
         w.queued, w.connections, number(w.requests), number(w.rate),
         seconds(w.latency.p99), number(w.errors), lag(w), bytes(w.pss), age(w.uptime),
         stacksOf(w.number, `Worker ${w.number}: where its greenlets stand`)]),
       'none');
  fill('signals', [['signal'], ['accepted'], ['handled'], ['failed', 'their handler raised'],
                   ['redelivered', 'again, as their worker died'],
                   ['set aside', 'not again: their workers died of them'],
                   ['refused', 'never accepted: the queue was full'], ['running'], ['waiting'],
                   ['oldest', 'of those that wait']],
       status.signals.map(s => [s.number, s.accepted, s.handled, s.failed, s.redelivered,
         s.set_aside, s.refused, s.running, s.waiting, age(s.oldest)]));
  fill('certificates', [['hosts*'], ['file*'], ['address*'], ['expires*'], ['days left']],
       status.certificates.map(c => [c.names.join(', '), c.file, c.address,
         new Date(c.expires).toLocaleDateString(), String(Math.floor(c.left / 86400))]));
  fill('failures', [['error*'], ['where*'], ['request*', 'or signal'], ['when*'], ['worker*']],
       status.failures.map(f => [f.error, f.where, f.request, clock(f.at), 'worker ' + f.worker]),
       'none');
  fill('reloads', [['when*'], ['result*'], ['why*']],
       status.reloads.map(r => [clock(r.at), r.result, r.error.trim().split('\n').pop()]), 'none yet');
}

function showRequests(answer) {
  fill('requests', [['age'], ['request*'], ['state*', 'waits: for a core'], ['worker'], ['client*'],
                    ['id*'], ['']],
       answer.requests.map(r => [seconds(r.age), `${r.method} ${r.path}`,
                                r.core == null ? 'waits' : 'runs', r.worker, r.client ?? '–', r.id,
                                stacksOf(r.id, `${r.method} ${r.path}: where it stands`)]),
       'none');
}

function showWebSockets(answer) {
  fill('websockets', [['age'], ['path*'], ['worker'], ['client*'], ['id*'],
                      ['messages in'], ['out'], ['received'], ['sent'],
                      ['unsent', 'bytes that wait for the client'], ['']],
       answer.websockets.map(s => [age(s.age), s.path, s.worker, s.client ?? '–', s.id,
         number(s.messages_in), number(s.messages_out), bytes(s.bytes_in), bytes(s.bytes_out),
         bytes(s.unsent), stacksOf(s.id, `${s.path}: where its greenlet stands`)]));
}

const clock = text => text == null ? '–' : new Date(text).toLocaleTimeString();

function addPoints(answer) {
  for (const point of answer.points) {
    point.time = Date.parse(point.at);
    points.push(point);
    newest = point.ordinal;
  }
  points.splice(0, points.length - KEPT);
}

function drawCharts() {
  const end = points.length ? points[points.length - 1].time : Date.now();
  const start = end - shown * 1000;
  const seen = points.filter(point => point.time >= start);
  for (const chart of charts) drawChart(chart, seen, start, end);
}

async function ask(path) {
  const answer = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

function tell(text, bad) {
  const state = document.getElementById('state');
  state.textContent = text;
  state.className = bad ? 'bad' : '';
}

async function look() {
  try {
    const status = await ask('status.json');
    if (status.pid !== server) {
      server = status.pid;
      newest = 0;
    }
    showStatus(status);
    addPoints(await ask('history.json?since=' + newest));
    showRequests(await ask('requests.json?most=20'));
    showWebSockets(await ask('websockets.json?most=20'));
    drawCharts();
    const blocked = status.workers.some(w => w.hub_blocked != null);
    tell(blocked ? 'a hub is blocked' : status.state, blocked || status.state !== 'running');
  } catch (error) {
    tell('no answer from the server', true);
  }
  setTimeout(look, 1000);
}

const charts = CHARTS.map(makeChart);
for (const [text, span] of [['1 min', 60], ['5 min', 300], ['15 min', 900]]) {
  const button = element('button', text);
  button.setAttribute('aria-pressed', span === shown);
  button.onclick = () => {
    shown = span;
    for (const other of document.querySelectorAll('#spans button'))
      other.setAttribute('aria-pressed', other === button);
    drawCharts();
  };
  document.getElementById('spans').append(button);
}
look();
