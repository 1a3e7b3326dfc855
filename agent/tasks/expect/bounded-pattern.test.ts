import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunCall } from '../run/finished-run.ts';
import { judgeAnswer } from './answer.ts';
import { fitsPattern, PatternUndecided } from './bounded-pattern.ts';
import { judgeTools } from './judge-run.ts';

/** No machine searches this to its end. */
const ENDLESS = '^(a+)+$';
const TEXT = `${'a'.repeat(60)}b`;

describe('a pattern of a person against a text of a model', () => {
  test('fits, or does not', () => {
    for (const [pattern, text, fits] of [
      ['b', 'abc', true],
      ['d', 'abc', false],
      ['^b', 'abc', false],
      ['^\\p{Lu}', 'Ä', true],
      ['\\bx$', 'a x', true],
      ['', '', true],
    ] as const)
      assert.equal(fitsPattern(pattern, text), fits, pattern);
  });

  test('that comes to no end is neither', () => {
    assert.throws(() => fitsPattern(ENDLESS, TEXT, 50), PatternUndecided);
    assert.throws(() => fitsPattern(ENDLESS, TEXT, 50), /\(a\+\)\+\$\/ came to no end within 50 ms/);
    assert.ok(fitsPattern(ENDLESS, 'aaa', 60_000), 'the next search is a new one');
  });

  test('fails the task with the reason, also where it is not to fit', () => {
    for (const answer of [
      { matches: ENDLESS },
      { not: { matches: ENDLESS } },
      { json_schema: { pattern: ENDLESS } },
      { not: { json_schema: { pattern: ENDLESS } } },
    ]) {
      const [finding] = judgeAnswer(
        answer,
        'matches' in answer || 'matches' in (answer.not ?? {}) ? TEXT : JSON.stringify(TEXT),
      );
      assert.equal(finding?.outcome, 'failed', JSON.stringify(answer));
      assert.match(finding?.message ?? '', /came to no end within/);
    }
    const call: RunCall = {
      name: 'add',
      server: 'local',
      args: { a: TEXT },
      outcome: 'ok',
      text: '',
      errorCode: undefined,
      durationMs: 1,
    };
    for (const a of [{ $matches: ENDLESS }, { $not: { $matches: ENDLESS } }]) {
      const finding = judgeTools({ mode: 'superset', args: 'partial', calls: [{ name: 'add', args: { a } }] }, [call]);
      assert.equal(finding.outcome, 'failed');
      assert.match(finding.message, /^tools: the pattern .* came to no end within/);
    }
  });
});
