// Command lines as they stand in `.mcp.json` files, with secrets in all the places where people put them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsAmong, withoutSecrets } from './secret-words.ts';

test('a value is a secret by the name it stands under, in the same word or the one before', () => {
  for (const [words, secrets, shown] of [
    [['--api-key', 'abc'], ['abc'], '--api-key …'],
    [['--token=abc'], ['abc'], '--token=…'],
    [['-e', 'GITHUB_TOKEN=abc'], ['abc'], '-e GITHUB_TOKEN=…'],
    [['--header', 'Authorization: Bearer abc'], ['Bearer abc'], '--header Authorization: …'],
    [['--header', 'x-api-key:abc'], ['abc'], '--header x-api-key:…'],
    [['--auth', 'ada:abc'], ['ada:abc'], '--auth …'],
    [['--password', 'a b', 'next'], ['a b'], '--password … next'],
    [['--header=Authorization: Bearer abc'], ['Bearer abc'], '--header=Authorization: …'],
    [['-e', 'VAULT_SECRET_ID=abc'], ['abc'], '-e VAULT_SECRET_ID=…'],
    [['--env=apiKey=abc'], ['abc'], '--env=apiKey=…'],
    [['--pat', 'abc'], ['abc'], '--pat …'],
    [['Server=db;User=ada;Password=abc'], ['abc'], 'Server=db;User=ada;Password=…'],
    [['postgres://ada:s3cr@db/x'], ['s3cr'], 'postgres://ada:…@db/x'],
    [['https://tools.example/mcp?api_key=abc&x=1'], ['abc'], 'https://tools.example/mcp?api_key=…&x=1'],
  ] as const) {
    assert.deepEqual(secretsAmong(words), secrets);
    assert.equal(withoutSecrets(words).join(' '), shown);
  }
});

test('everything else is shown as it is, and so is a variable that holds one', () => {
  for (const line of [
    'npx -y some-server stdio',
    '--token-file /run/token',
    '--key-path=/etc/key.pem',
    '--token --verbose',
    '--author ada',
    '--author=ada',
    '--keyword=documentation',
    '--tokenizer cl100k_base_model',
    '--partition-key=customer_identifier',
    '--public-key abc',
    'AWS_ACCESS_KEY_ID=AKIA0123456789',
    'GOOGLE_KEY_FILE=/home/ada/keys/sa.json',
    'AUTH_URL=https://id.example',
    'AUTH_AUDIENCE=https://tools.example/mcp',
    'AUTH_METHOD=client_credentials',
    'TOKEN_ENDPOINT=https://id.example/token',
    'https://tools.example/?monkey=1',
  ])
    assert.deepEqual(withoutSecrets(line.split(' ')), line.split(' '), line);
  assert.equal(withoutSecrets(['--api-key', '${KEY}']).join(' '), '--api-key ${KEY}');
  assert.equal(
    withoutSecrets(['--header', 'Authorization: Bearer ${TOKEN}']).join(' '),
    '--header Authorization: Bearer ${TOKEN}',
  );
});

test('a word made to be read for ever is read at once', () => {
  const startedAtMs = performance.now();
  for (const word of ['key'.repeat(100_000), `${'-'.repeat(300_000)}auth`, `key: ${' '.repeat(300_000)}\n`])
    assert.ok(withoutSecrets(['--token', 'x', word]).length === 3);
  assert.ok(performance.now() - startedAtMs < 2000);
});
