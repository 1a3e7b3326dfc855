import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answer, calling, converse, endOf } from '../../test/support/scripted-conversation.ts';
import { createAnswerCheck } from './answer-schema.ts';

const SCHEMA = {
  type: 'object',
  properties: { sum: { type: 'integer' } },
  required: ['sum'],
  additionalProperties: false,
};

describe('an answer that has to fit a schema', () => {
  const check = createAnswerCheck(SCHEMA);

  test('is the JSON alone, also out of a fence', () => {
    for (const text of ['{"sum": 42}', ' {"sum":42}\n', '```json\n{"sum": 42}\n```', '```\n{"sum":42}\n```']) {
      assert.equal(check.faultOf(text), undefined, text);
      assert.equal(check.finish(text), '{"sum":42}');
    }
  });

  test('has its faults named', () => {
    assert.match(check.faultOf('It is 42.') ?? '', /not JSON/);
    assert.match(check.faultOf('{"sum":"42"}') ?? '', /\/sum must be integer/);
    assert.match(check.faultOf('{"sum":42,"more":1}') ?? '', /additional properties/);
    assert.match(check.faultOf('{}') ?? '', /'sum'/);
    assert.throws(() => check.finish('{}'), { code: 'model_failed', message: /does not fit the schema/ });
  });

  test('is asked for in the dialect that the schema names', () => {
    const old = createAnswerCheck({ $schema: 'http://json-schema.org/draft-07/schema#', items: [{ const: 1 }] });
    assert.equal(old.faultOf('[1]'), undefined);
    assert.ok(old.faultOf('[2]'));
    const current = createAnswerCheck({ prefixItems: [{ const: 1 }] });
    assert.ok(current.faultOf('[2]'));
  });

  test('needs a schema that is one', () => {
    assert.throws(() => createAnswerCheck({ type: 'number or so' }), { code: 'usage', message: /not a JSON Schema/ });
    assert.throws(() => createAnswerCheck({ $ref: 'https://example.com/other.json' }), { code: 'usage' });
  });
});

describe('a turn with a schema', () => {
  const { faultOf, finish: finishAnswer } = createAnswerCheck(SCHEMA);

  test('gives the model one more try, and tells it what is wrong', async () => {
    const { run, model } = converse({ turns: [answer('It is 42.'), answer('{"sum":42}')], faultOf, finishAnswer });
    const { status, answer: text, modelCalls } = endOf(await run('add'));
    assert.deepEqual([status, text, modelCalls], ['ok', '{"sum":42}', 2]);
    assert.match(model.calls[1]?.messages.at(-1)?.text ?? '', /not JSON.*Answer again/);
  });

  test('fails after the second', async () => {
    const { run, model } = converse({ turns: [answer('no'), answer('still no')], faultOf, finishAnswer });
    const { status, answer: text, error } = endOf(await run('add'));
    assert.deepEqual([status, text, error?.code, model.callCount], ['failed', '', 'model_failed', 2]);
  });

  test('has its try in each turn', async () => {
    const turns = [answer('no'), answer('{"sum":1}'), answer('no'), answer('{"sum":2}')];
    const { run } = converse({ turns, faultOf, finishAnswer });
    assert.equal(endOf(await run('one')).answer, '{"sum":1}');
    assert.equal(endOf(await run('two')).answer, '{"sum":2}');
  });

  test('does not take a call of a tool for an answer', async () => {
    const { run } = converse({
      turns: [calling({ name: 'double', args: { n: 21 } }), answer('{"sum":42}')],
      tools: { double: async ({ n }) => String(n * 2) },
      faultOf,
      finishAnswer,
    });
    assert.equal(endOf(await run('add')).modelCalls, 2);
  });
});
