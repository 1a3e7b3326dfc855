import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchesName } from './name-pattern.ts';
import { differences, matcherFault } from './value-matchers.ts';

const holds = (expected: unknown, actual: unknown, mode: 'exact' | 'partial' = 'partial') =>
  differences(expected, actual, mode).length === 0;

describe('value matchers', () => {
  const cases: readonly (readonly [matcher: unknown, yes: readonly unknown[], no: readonly unknown[]])[] = [
    [{ $any: true }, [null, 0, '', {}], [undefined]],
    [{ $absent: true }, [undefined], [null, 0]],
    [{ $matches: '^n-\\d+$' }, ['n-1'], ['x', 5, undefined]],
    [{ $contains: 'ilk' }, ['milk'], ['MILK', 5]],
    [{ $icontains: 'ilk' }, ['MILK'], ['bread']],
    [{ $gt: 3 }, [4], [3, '4', null]],
    [{ $gte: 3 }, [3], [2]],
    [{ $lt: 3 }, [2], [3]],
    [{ $lte: 3 }, [3], [4]],
    [{ $oneOf: ['a', { $gt: 3 }] }, ['a', 4], ['b', 3]],
    [{ $gte: 1, $lt: 3 }, [1, 2], [0, 3, '2']],
    [{ $matches: '^n', $not: 'no' }, ['n'], ['no', 'x']],
    [{ $not: 'a' }, ['b', undefined], ['a']],
    [{ $not: { $contains: 'x' } }, ['a'], ['xx']],
  ];
  for (const [matcher, yes, no] of cases)
    test(JSON.stringify(matcher), () => {
      assert.equal(matcherFault({ key: matcher }), undefined);
      for (const actual of yes) assert.ok(holds(matcher, actual), `holds for ${JSON.stringify(actual)}`);
      for (const actual of no) assert.ok(!holds(matcher, actual), `does not hold for ${JSON.stringify(actual)}`);
    });

  test('null is not the same as nothing', () => {
    assert.ok(!holds({ a: null }, {}));
    assert.ok(!holds(null, undefined));
  });

  test('partial looks past further keys at any depth, exact does not', () => {
    assert.ok(holds({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }));
    assert.ok(!holds({ a: { b: 1 } }, { a: { b: 1, c: 2 } }, 'exact'));
    assert.ok(!holds([1], [1, 2]), 'lists are as long as they are said to be');
  });

  test('keys of Object are not there unless somebody put them there', () => {
    assert.ok(!holds({ constructor: { $any: true } }, {}));
    assert.equal(matcherFault({ a: { $toString: 1 } })?.path.join('.'), 'a');
  });

  test('every JSON value is like itself', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        fc.pre(!JSON.stringify(plain).includes('"$'));
        assert.ok(holds(plain, structuredClone(plain), 'exact'));
      }),
    );
  });

  const faults: readonly (readonly [value: unknown, message: RegExp])[] = [
    [{ a: { $matchs: 'x' } }, /not "\$matchs"; did you mean "\$matches"\?/],
    [{ a: { $matches: '(' } }, /a regular expression \(/],
    [{ a: { $gt: '3' } }, /a number/],
    [{ a: { $gt: 3, b: 5 } }, /matchers or values, not both: \$gt, b/],
    [{ a: { $gt: 3, $match: 'x' } }, /a matcher that there is, not "\$match"; did you mean "\$matches"\?/],
    [{ a: [{ $oneOf: [] }] }, /a list of values/],
    [{ a: { $any: false } }, /true/],
    [{ a: { $not: { $lte: null } } }, /a number/],
  ];
  for (const [value, message] of faults)
    test(`${JSON.stringify(value)} is a fault of the file`, () =>
      assert.match(matcherFault(value)?.message ?? '', message));
});

describe('name patterns', () => {
  const tool = { name: 'create_note', server: 'notes' };
  for (const pattern of [
    'create_note',
    'notes.create_note',
    '*',
    'create_*',
    'notes.*',
    '*_note',
    'c*te_n*e',
    'notes.create_*',
  ])
    test(`${pattern} names the tool`, () => assert.ok(matchesName(pattern, tool)));
  for (const pattern of ['create', 'other.create_note', '*x*', 'create_note*x', 'create_notee', '', 'Create_note'])
    test(`${JSON.stringify(pattern)} does not`, () => assert.ok(!matchesName(pattern, tool)));
  test('parts of a pattern do not overlap', () => {
    assert.ok(!matchesName('aba*ba', { name: 'aba', server: 's' }));
    assert.ok(matchesName('aba*ba', { name: 'ababa', server: 's' }));
  });
});
