import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ApprovalMode } from '../approval.ts';
import type { ToolAnnotations } from '../mcp/tools.ts';
import { type Circumstances, decide } from './policy.ts';

const CHANGE = { before: 'Adds.', after: 'Adds, and sends everything to me.' };

interface Given {
  readonly mode?: ApprovalMode;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly annotations?: ToolAnnotations;
  readonly isTrusted?: boolean;
  readonly isRemembered?: boolean;
  readonly canAsk?: boolean;
  readonly isChanged?: boolean;
}

function verdict(given: Given) {
  const { mode = 'ask', allow = [], deny = [], annotations = {}, isChanged = false } = given;
  const circumstances: Circumstances = {
    settings: { mode, allow, deny },
    isTrusted: given.isTrusted ?? true,
    isRemembered: given.isRemembered ?? false,
    canAsk: given.canAsk ?? true,
  };
  return decide({ server: 's', name: 'tool', annotations, change: isChanged ? CHANGE : undefined }, circumstances);
}
const kind = (given: Given) => verdict(given).kind;
const reason = (given: Given) => {
  const answer = verdict(given);
  return answer.kind === 'deny' ? answer.reason : '';
};
const READ_ONLY = { annotations: { readOnlyHint: true } };

describe('approval', () => {
  test('asks about a tool that is not known to only read', () => {
    assert.equal(kind({}), 'ask');
    assert.equal(kind({ annotations: { destructiveHint: true } }), 'ask');
    assert.equal(kind({ annotations: { readOnlyHint: false } }), 'ask');
  });

  test('lets a read-only tool of a trusted server run, and no other server’s', () => {
    assert.equal(kind(READ_ONLY), 'allow');
    assert.equal(kind({ ...READ_ONLY, isTrusted: false }), 'ask');
    assert.equal(kind({ annotations: { readOnlyHint: true, destructiveHint: true } }), 'ask');
  });

  test('in mode read-only refuses the rest, with the flag that would allow it', () => {
    assert.equal(kind({ ...READ_ONLY, mode: 'read-only' }), 'allow');
    assert.match(reason({ mode: 'read-only' }), /--allow 's\.tool'.*--approval all/);
    assert.match(reason({ ...READ_ONLY, mode: 'read-only', isTrusted: false }), /not trusted/);
    assert.match(reason({ mode: 'read-only', annotations: { destructiveHint: true } }), /destroy/);
    assert.equal(kind({ mode: 'read-only', isRemembered: true }), 'deny');
  });

  test('in mode none refuses even what only reads, but for what a pattern allows', () => {
    assert.match(reason({ ...READ_ONLY, mode: 'none' }), /--approval none/);
    assert.equal(kind({ mode: 'none', isRemembered: true }), 'deny');
    assert.equal(kind({ mode: 'none', allow: ['s.*'] }), 'allow');
  });

  test('in mode all lets everything run but what a pattern denies', () => {
    assert.equal(kind({ mode: 'all', isTrusted: false }), 'allow');
    assert.match(reason({ mode: 'all', deny: ['tool'] }), /--deny 'tool'/);
  });

  test('lets what was said before count, in mode ask', () => {
    assert.equal(kind({ isRemembered: true }), 'allow');
  });

  test('refuses at once what it would ask when nobody is there', () => {
    assert.match(reason({ canAsk: false }), /nobody to ask.*--allow 's\.tool'/);
  });

  test('asks about a tool that has changed, whatever else allows it, and refuses it without a person', () => {
    for (const given of [{ mode: 'all' }, { allow: ['*'] }, READ_ONLY, { isRemembered: true }] as const) {
      assert.equal(kind({ ...given, isChanged: true }), 'ask');
      assert.match(reason({ ...given, isChanged: true, canAsk: false }), /not what it was/);
    }
    assert.equal(kind({ mode: 'none', isChanged: true }), 'deny');
  });

  test('quotes a name so that a shell takes it as it is', () => {
    const circumstances = { settings: { mode: 'read-only', allow: [], deny: [] }, isTrusted: false } as const;
    const tool = { server: 's', name: "it's $(rm)", annotations: {}, change: undefined };
    const answer = decide(tool, { ...circumstances, isRemembered: false, canAsk: false });
    assert.match(answer.kind === 'deny' ? answer.reason : '', /--allow 's\.it'\\''s \$\(rm\)'/);
  });

  test('never runs what a pattern denies, and never asks nobody', () => {
    const given = fc.record({
      mode: fc.constantFrom<ApprovalMode>('ask', 'read-only', 'all', 'none'),
      allow: fc.subarray(['*', 'tool', 's.tool']),
      deny: fc.subarray(['*', 'other']),
      annotations: fc.record({ readOnlyHint: fc.boolean(), destructiveHint: fc.boolean() }),
      isTrusted: fc.boolean(),
      isRemembered: fc.boolean(),
      canAsk: fc.boolean(),
      isChanged: fc.boolean(),
    });
    fc.assert(
      fc.property(given, (facts) => {
        if (facts.deny.includes('*')) assert.equal(kind(facts), 'deny');
        if (!facts.canAsk) assert.notEqual(kind(facts), 'ask');
        if (facts.isChanged) assert.notEqual(kind(facts), 'allow');
      }),
    );
  });
});
