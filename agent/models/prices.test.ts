import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage } from '@langchain/core/messages';
import type { Candidate } from './candidate.ts';
import { createCostOf } from './cost.ts';
import { WRITTEN_BY } from './message-shape.ts';
import { costUsd, PRICES, PRICES_AS_OF } from './prices.ts';

const usage = (input: number, output: number, details = {}) => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: input + output,
  input_token_details: details,
});

test('a call costs its tokens, cached ones less', () => {
  assert.equal(costUsd('openai:gpt-5', usage(1_000_000, 100_000)), 2.25);
  assert.equal(costUsd('openai:gpt-5', usage(1_000_000, 0, { cache_read: 1_000_000 })), 0.125);
  assert.equal(costUsd('openai:gpt-5-2025-08-07', usage(1_000_000, 0)), 1.25);
  assert.equal(costUsd('anthropic:claude-sonnet-4-5-20250929', usage(100_000, 0)), 0.3);
});

test('what has no price, or another one, stays unknown', () => {
  for (const label of ['demo', 'ollama:qwen3:8b', 'openai:gpt-99', 'openai-compatible:gpt-5'])
    assert.equal(costUsd(label, usage(1, 1)), undefined, label);
  assert.equal(costUsd('anthropic:claude-sonnet-4-5', usage(200_001, 1)), undefined);
  assert.equal(costUsd('openai:gpt-5', usage(1, 1, { cache_creation: 1 })), undefined);
  assert.equal(costUsd('openai:gpt-5', usage(1, 1, { audio: 1 })), undefined);
});

test('the table is small, dated, and plausible', () => {
  assert.match(PRICES_AS_OF, /^\d{4}-\d{2}-\d{2}$/);
  assert.ok(Object.keys(PRICES).length < 20);
  for (const [label, { input, cachedInput, output }] of Object.entries(PRICES))
    assert.ok(cachedInput < input && input < output && output < 100, label);
});

test("a message costs what its own model costs, and nothing is known of somebody else's server", () => {
  // Only what the function reads.
  const candidate = (label: string, isCustomBaseUrl: boolean) =>
    ({ label, settings: { isCustomBaseUrl } }) as unknown as Candidate;
  const message = (label: string) =>
    Object.assign(new AIMessage({ content: '', response_metadata: { [WRITTEN_BY]: label } }), {
      usage_metadata: usage(1_000_000, 0),
    });
  const costOf = createCostOf([candidate('openai:gpt-5', false), candidate('google:gemini-2.5-flash', true)]);
  assert.equal(costOf(message('openai:gpt-5')), 1.25);
  assert.equal(costOf(message('google:gemini-2.5-flash')), undefined);
  assert.equal(costOf(message('openai:gpt-5-mini')), undefined);
});
