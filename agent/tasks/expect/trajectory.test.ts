import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ExpectedCall, ExpectedTools } from '../file/task-file-schema.ts';
import type { RunCall } from '../run/finished-run.ts';
import { matchesName } from './name-pattern.ts';
import { trajectoryDifference } from './trajectory.ts';
import { differences } from './value-matchers.ts';

const call = (name: string, args: Record<string, unknown> = {}, outcome: RunCall['outcome'] = 'ok'): RunCall => ({
  name,
  server: 'local',
  args,
  outcome,
  text: '',
  errorCode: undefined,
  durationMs: 1,
});
const expected = (mode: ExpectedTools['mode'], calls: ExpectedCall[], args: ExpectedTools['args'] = 'partial') => ({
  mode,
  args,
  calls,
});

describe('the trajectory of tool calls', () => {
  test('superset wants each expected call once, whatever else happened', () => {
    assert.equal(
      trajectoryDifference(expected('superset', [{ name: 'add', args: { a: 1 } }]), [
        call('list'),
        call('add', { a: 1, b: 2 }),
      ]),
      undefined,
    );
    assert.match(
      trajectoryDifference(expected('superset', [{ name: 'add' }, { name: 'add' }]), [call('add')]) ?? '',
      /1 of 2 expected calls did not happen/,
    );
  });

  test('a call that fits two expectations is not taken from the one that needs it', () => {
    // The case that agentevals gets wrong: the loose expectation stands first, and the only call that fits the second one fits it too.
    const loose = expected('unordered', [{ name: 'a' }, { name: 'a', args: { x: 1 } }]);
    assert.equal(trajectoryDifference(loose, [call('a', { x: 1 }), call('a', { x: 2 })]), undefined);
  });

  test('strict wants the same calls in the same order', () => {
    const both = expected('strict', [{ name: 'add' }, { name: 'multiply' }]);
    assert.equal(trajectoryDifference(both, [call('add'), call('multiply')]), undefined);
    assert.match(
      trajectoryDifference(both, [call('multiply'), call('add')]) ?? '',
      /2 of 2 expected calls did not happen in their place/,
    );
    assert.match(
      trajectoryDifference(both, [call('add'), call('multiply'), call('list')]) ?? '',
      /1 call was not expected/,
    );
    assert.match(trajectoryDifference(both, [call('add')]) ?? '', /1 of 2 expected calls/);
  });

  test('unordered wants the same calls in any order, and no other', () => {
    const both = expected('unordered', [{ name: 'add' }, { name: 'multiply' }]);
    assert.equal(trajectoryDifference(both, [call('multiply'), call('add')]), undefined);
    assert.match(
      trajectoryDifference(both, [call('multiply'), call('add'), call('add')]) ?? '',
      /1 call was not expected/,
    );
  });

  test('subset allows these calls and no other, and none at all', () => {
    const some = expected('subset', [{ name: 'add' }, { name: 'multiply' }]);
    assert.equal(trajectoryDifference(some, []), undefined);
    assert.equal(trajectoryDifference(some, [call('multiply')]), undefined);
    assert.match(trajectoryDifference(some, [call('add'), call('add')]) ?? '', /not expected {2}add/);
  });

  test('arguments are compared exactly, in part, or not at all', () => {
    const one = (args: ExpectedTools['args']) => expected('superset', [{ name: 'add', args: { a: 1 } }], args);
    assert.equal(trajectoryDifference(one('partial'), [call('add', { a: 1, b: 2 })]), undefined);
    assert.match(
      trajectoryDifference(one('exact'), [call('add', { a: 1, b: 2 })]) ?? '',
      /args\.b: expected no such argument, came 2/,
    );
    assert.equal(trajectoryDifference(one('ignore'), [call('add', { a: 9 })]), undefined);
    assert.match(
      trajectoryDifference(expected('superset', [{ name: 'list' }], 'exact'), [call('list', { page: 2 })]) ?? '',
      /no such argument/,
    );
  });

  test('a refused call is not one that ran', () => {
    const ran = expected('superset', [{ name: 'delete', outcome: 'ok' }]);
    assert.match(trajectoryDifference(ran, [call('delete', {}, 'denied')]) ?? '', /outcome: expected ok, came denied/);
    assert.equal(
      trajectoryDifference(expected('superset', [{ name: 'delete', outcome: 'denied' }]), [
        call('delete', {}, 'denied'),
      ]),
      undefined,
    );
  });

  test('a difference says what was expected, what came nearest and why not, and all that happened', () => {
    const text = trajectoryDifference(expected('superset', [{ name: 'create_note', args: { title: 'milk' } }]), [
      call('list_notes'),
      call('create_note', { title: 'bread' }),
    ]);
    assert.deepEqual(text?.split('\n'), [
      'tools (superset, arguments partial): the expected call did not happen',
      '  expected      create_note {"title":"milk"}',
      '  nearest       create_note {"title":"bread"}',
      '                args.title: expected "milk", came "bread"',
      '  happened      1. list_notes {}',
      '                2. create_note {"title":"bread"}',
    ]);
  });

  test('says so when no tool was called', () => {
    assert.match(
      trajectoryDifference(expected('superset', [{ name: 'add' }]), []) ?? '',
      /happened {6}no tool was called/,
    );
  });

  test('agrees with trying every assignment, in all modes', () => {
    const names = fc.constantFrom('a', 'b');
    const values = fc.integer({ min: 0, max: 1 });
    const wanted = fc.record({
      name: fc.constantFrom('a', 'b', '*'),
      args: fc.dictionary(fc.constantFrom('x', 'y'), values, { maxKeys: 2 }),
    });
    const happened = fc.record({ name: names, args: fc.record({ x: values, y: values }) });
    fc.assert(
      fc.property(
        fc.constantFrom('strict', 'unordered', 'subset', 'superset'),
        fc.array(wanted, { maxLength: 4 }),
        fc.array(happened, { maxLength: 4 }),
        (mode, calls, made) => {
          const actual = made.map(({ name, args }) => call(name, args));
          const verdict = trajectoryDifference({ mode, args: 'partial', calls }, actual) === undefined;
          assert.equal(verdict, byTryingAll(mode, calls, actual));
        },
      ),
      { numRuns: 1_500 },
    );
  });
});

function byTryingAll(mode: ExpectedTools['mode'], wanted: readonly ExpectedCall[], calls: readonly RunCall[]): boolean {
  const fits = (want: ExpectedCall | undefined, one: RunCall | undefined) =>
    want !== undefined &&
    one !== undefined &&
    matchesName(want.name, one) &&
    differences(want.args ?? {}, one.args, 'partial').length === 0;
  if (mode === 'strict')
    return wanted.length === calls.length && wanted.every((want, index) => fits(want, calls[index]));
  const pairUp = (few: number, fit: (index: number, other: number) => boolean, many: number): boolean => {
    const tryFrom = (index: number, taken: ReadonlySet<number>): boolean =>
      index === few ||
      Array.from({ length: many }, (_, other) => other).some(
        (other) => !taken.has(other) && fit(index, other) && tryFrom(index + 1, new Set([...taken, other])),
      );
    return tryFrom(0, new Set());
  };
  const allWanted = pairUp(wanted.length, (row, column) => fits(wanted[row], calls[column]), calls.length);
  const allHappened = pairUp(calls.length, (column, row) => fits(wanted[row], calls[column]), wanted.length);
  if (mode === 'superset') return allWanted;
  return mode === 'subset' ? allHappened : allWanted && wanted.length === calls.length;
}
