import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog, type LogFields } from './log.ts';

function written(fields: LogFields, level?: 'info' | 'error'): string {
  let text = '';
  const log = createLog({
    ...(level ? { level } : {}),
    now: () => new Date(0),
    sink: {
      write: (line: string) => {
        text += line;
        return true;
      },
    },
  });
  log.info('event', fields);
  return text;
}

describe('log', () => {
  test('writes one JSON object a line', () => {
    assert.equal(
      written({ tool: 'add' }),
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"event","tool":"add"}\n',
    );
  });

  test('writes nothing below its level', () => {
    assert.equal(written({}, 'error'), '');
  });

  test('keeps secrets out, by name and by shape, at any depth', () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
    const text = written({
      access_token: 'abc',
      clientSecret: 'abc',
      headers: { authorization: `Bearer ${jwt}`, cookie: 'abc' },
      url: `http://localhost/mcp?access_token=${jwt}`,
      error: new Error(`could not verify ${jwt}, Basic dXNlcjpwYXNzd29yZA==`),
      list: [`Bearer opaque-token-value`],
    });
    assert.doesNotMatch(text, /abc|eyJ|dXNlcjpw|opaque-token/);
    assert.match(text, /could not verify \[redacted\]/);
  });

  test('a line break in a value cannot start a second entry', () => {
    assert.equal(written({ kid: 'x\n{"level":"info"}' }).split('\n').length, 2);
  });

  test('long values are cut', () => {
    assert.ok(written({ value: 'x'.repeat(10_000) }).length < 700);
  });
});
