import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadExpectedFailures } from './expected-failures.ts';
import { judge, renderVerdict, type ScenarioResult } from './verdict.ts';

const passing = (name: string, notScored?: string): ScenarioResult => ({ name, notScored, passed: 2, faults: [] });
const failing = (name: string, notScored?: string): ScenarioResult => ({
  ...passing(name, notScored),
  faults: ['x: y'],
});
const run = (...scenarios: ScenarioResult[]) => ({ revision: 'double', scenarios });
const entry = (scenario: string) => ({
  leg: 'server',
  revision: 'double',
  scenario,
  reason: 'a reason that somebody reviewed',
});

describe('verdict on a run of the conformance suite', () => {
  test('is good when everything passes; extensions do not count, whatever comes of them', () => {
    const verdict = judge('server', run(passing('a'), passing('b', 'pending'), failing('c', 'extension')), []);
    assert.equal(verdict.ok, true);
    assert.equal(verdict.summary, 'server double  1/1 scored, 1/1 not scored, 4 checks passed: as expected');
    assert.doesNotMatch(renderVerdict(verdict), / c /);
  });

  test('is bad when a scenario fails that nobody expected to, scored or not', () => {
    for (const scenario of [failing('a'), failing('a', 'pending')]) {
      const verdict = judge('server', run(scenario), []);
      assert.equal(verdict.ok, false);
      assert.match(renderVerdict(verdict), /✗ a .*\n {2}! a fails: x: y/);
    }
  });

  test('is good when a scenario fails that is expected to, and shows it', () => {
    const verdict = judge('server', run(failing('a'), passing('b')), [entry('a')]);
    assert.equal(verdict.ok, true);
    assert.match(verdict.summary, /1\/2 scored/);
    assert.match(renderVerdict(verdict), /~ a /);
  });

  test('is bad when an entry is out of date: the scenario passes, or is not there', () => {
    for (const scenario of ['a', 'gone'])
      assert.deepEqual(judge('server', run(passing('a')), [entry(scenario)]).complaints, [
        `${scenario} is expected to fail and does not: delete its entry`,
      ]);
    assert.equal(judge('other', run(passing('a')), [entry('a')]).ok, true, 'another leg’s entry is not looked at');
  });

  test('is bad when a scenario of an extension that we have fails or is not there', () => {
    const ours = ['client-credentials-basic', 'client-credentials-jwt', 'dpop', 'dpop-nonce', 'wif-jwt-bearer'];
    const extensions = ours.map((name) => passing(`auth/${name}`, 'extension'));
    const last = 'auth/enterprise-managed-authorization';
    const complaints = (...scenarios: ScenarioResult[]) =>
      judge('client', run(...extensions, ...scenarios), []).complaints;
    assert.deepEqual(complaints(passing(last, 'extension')), []);
    assert.deepEqual(complaints(failing(last, 'extension')), [`${last} fails: x: y`]);
    assert.deepEqual(complaints(), [`${last} did not run`]);
  });

  test('is bad when not as many scenarios ran as the pinned suite scores', () => {
    const verdict = judge('server', { revision: '2025-11-25', scenarios: [passing('a')] }, []);
    assert.match(verdict.summary, /1\/30 scored/);
    assert.deepEqual(verdict.complaints, ['1 scored scenarios ran, expected 30']);
  });
});

test('the list of expected failures is read strictly: every entry has its reason', async () => {
  assert.ok(Array.isArray(loadExpectedFailures()));
  const folder = await mkdtemp(join(tmpdir(), 'expected-failures-'));
  const file = join(folder, 'list.json');
  writeFileSync(file, JSON.stringify([{ ...entry('a'), reason: 'flaky' }]));
  assert.throws(() => loadExpectedFailures(file), /reason/);
  await rm(folder, { recursive: true });
});
