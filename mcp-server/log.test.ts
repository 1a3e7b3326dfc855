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

  test('R6.time: looks at a bounded piece of a value, whatever it consists of', () => {
    // Each of these took minutes when every beginning of a token was followed to the end of the text.
    for (const piece of ['eyJ-', 'eyJ.', 'Bearer ', 'Bearer a ', 'https://', 'https://a@', 'eyJa.b.'])
      assert.ok(written({ value: piece.repeat(1_000_000 / piece.length) }).length < 1_000, piece);
    assert.ok(written({ list: Array.from({ length: 100_000 }, () => 'eyJ-'.repeat(500)) }).length < 20_000);
    assert.ok(
      written({ object: Object.fromEntries(Array.from({ length: 10_000 }, (_, key) => [`k${key}`, 1])) }).length <
        1_000,
    );
  });

  test('keeps a secret out that the cut of a long value goes through', () => {
    for (const length of [1_985, 1_990, 1_993, 1_995, 1_999]) {
      const text = written({ value: `${'eyJ'.padEnd(length - 1, 'x')} Bearer hunter-2-hunter-2` });
      assert.doesNotMatch(text, /hunt/, String(length));
    }
  });

  test('R10.url: writes a URL without user, password, query and fragment', () => {
    const text = written({
      error: new TypeError('Cannot fetch http://me:s3cret@localhost:8000/mcp?access_token=opaque-1#opaque-2, sorry'),
      jwks_uri: 'https://issuer.example/keys',
    });
    assert.match(text, /Cannot fetch http:\/\/localhost:8000\/mcp sorry/);
    assert.match(text, /"https:\/\/issuer.example\/keys"/);
    assert.doesNotMatch(text, /s3cret|opaque/);
  });

  test('R10.injection: escapes what a terminal takes for commands, C1 controls and marks of direction among it', () => {
    const text = written({ 'k\u009by': 'a\u009b31mb\u0085c\u202ed\u2028e\u007f\u001b[0m' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(text.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    assert.equal(JSON.parse(text)['k\u009by'], 'a\u009b31mb\u0085c\u202ed\u2028e\u007f\u001b[0m');
  });
});
