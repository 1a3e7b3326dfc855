import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { errors } from 'oidc-provider';
import { ServerError } from '../errors.ts';
import { OVERLAP_SECONDS, STORE_LIMITS } from './limits.ts';
import { openStore } from './store.ts';
import { temporaryDirectory } from './test-support.ts';

async function open(t: TestContext, now?: () => number) {
  const file = join(await temporaryDirectory(t), 'store.sqlite');
  const store = await openStore({ file, now });
  t.after(() => store.close());
  return { file, adapter: store.adapter };
}

function countRows(file: string, model: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare('SELECT count(*) AS rows FROM entry WHERE model = ?').get(model);
  database.close();
  return Number(row?.['rows']);
}

test('an entry is found by id, uid and user code, within its own model only, until it is destroyed', async (t) => {
  const { adapter } = await open(t);
  await adapter('Session').upsert('s1', { jti: 's1', uid: 'u1' }, 60);
  await adapter('DeviceCode').upsert('d1', { jti: 'd1', userCode: 'ABCD' }, 60);
  assert.deepEqual(await adapter('Session').find('s1'), { jti: 's1', uid: 'u1' });
  assert.deepEqual(await adapter('Session').findByUid('u1'), { jti: 's1', uid: 'u1' });
  assert.deepEqual(await adapter('DeviceCode').findByUserCode('ABCD'), { jti: 'd1', userCode: 'ABCD' });
  assert.equal(await adapter('Interaction').find('s1'), undefined);
  await adapter('Session').upsert('s1', { jti: 's1', uid: 'u2' }, 60);
  assert.equal(await adapter('Session').findByUid('u1'), undefined);
  await adapter('Session').destroy('s1');
  assert.equal(await adapter('Session').find('s1'), undefined);
});

test('the entries survive closing and opening', async (t) => {
  const file = join(await temporaryDirectory(t), 'store.sqlite');
  const first = await openStore({ file });
  await first.adapter('Grant').upsert('g1', { jti: 'g1' }, 60);
  first.close();
  const second = await openStore({ file });
  t.after(() => second.close());
  assert.deepEqual(await second.adapter('Grant').find('g1'), { jti: 'g1' });
});

test('an entry is consumed once, stays consumed when written again, and the second taker ends the whole grant', async (t) => {
  const { adapter } = await open(t, () => 5_000);
  const codes = adapter('AuthorizationCode');
  await adapter('Grant').upsert('g1', { jti: 'g1' }, 60);
  await adapter('RefreshToken').upsert('r1', { jti: 'r1', grantId: 'g1' }, 60);
  await adapter('RefreshToken').upsert('r2', { jti: 'r2', grantId: 'g2' }, 60);
  await codes.upsert('c1', { jti: 'c1', grantId: 'g1' }, 60);
  await codes.consume('c1');
  await codes.upsert('c1', { jti: 'c1', grantId: 'g1' }, 60);
  assert.deepEqual(await codes.find('c1'), { jti: 'c1', grantId: 'g1', consumed: 5 });
  await assert.rejects(codes.consume('c1'), errors.InvalidGrant);
  assert.equal(await adapter('Grant').find('g1'), undefined);
  assert.equal(await adapter('RefreshToken').find('r1'), undefined);
  assert.notEqual(await adapter('RefreshToken').find('r2'), undefined);
});

test('two processes cannot both consume an entry', async (t) => {
  const { file, adapter } = await open(t);
  const other = await openStore({ file });
  t.after(() => other.close());
  await adapter('AuthorizationCode').upsert('c1', { jti: 'c1' }, 60);
  assert.notEqual(await other.adapter('AuthorizationCode').find('c1'), undefined);
  await adapter('AuthorizationCode').consume('c1');
  await assert.rejects(other.adapter('AuthorizationCode').consume('c1'), errors.InvalidGrant);
});

test('a refresh token works on for the overlap after its use, and is used up after that', async (t) => {
  let nowMs = 0;
  const { adapter } = await open(t, () => nowMs);
  const tokens = adapter('RefreshToken');
  await tokens.upsert('r1', { jti: 'r1', grantId: 'g1' }, 60);
  await tokens.consume('r1');
  nowMs = (OVERLAP_SECONDS - 1) * 1_000;
  assert.deepEqual(await tokens.find('r1'), { jti: 'r1', grantId: 'g1' });
  await tokens.consume('r1');
  nowMs += 1_000;
  assert.deepEqual(await tokens.find('r1'), { jti: 'r1', grantId: 'g1', consumed: 0 });
  await assert.rejects(tokens.consume('r1'), errors.InvalidGrant);
});

test('a proof or assertion can be noted once, however close the second one follows', async (t) => {
  const { adapter } = await open(t);
  await adapter('ReplayDetection').upsert('p1', { jti: 'p1' }, 60);
  await assert.rejects(adapter('ReplayDetection').upsert('p1', { jti: 'p1' }, 60), errors.InvalidRequest);
});

test('a database of the first version is brought up to date and keeps what is in it', async (t) => {
  const file = join(await temporaryDirectory(t), 'store.sqlite');
  const old = new DatabaseSync(file);
  old.exec(`CREATE TABLE entry (model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, grant_id TEXT, uid TEXT,
    user_code TEXT, consumed INTEGER, expires_at INTEGER, PRIMARY KEY (model, id)) STRICT;
    INSERT INTO entry VALUES ('Grant', 'g1', '{"jti":"g1","clientId":"c1","accountId":"a1"}', NULL, NULL, NULL, NULL, 9000000000);
    PRAGMA user_version = 1;`);
  old.close();
  await chmod(file, 0o600);
  const store = await openStore({ file });
  t.after(() => store.close());
  assert.equal((await store.adapter('Grant').find('g1'))?.clientId, 'c1');
  assert.equal(store.connections.revoke('a1', 'g1'), true);
});

test('revoking a grant removes its entries of that model and no others', async (t) => {
  const { adapter } = await open(t);
  await adapter('RefreshToken').upsert('r1', { jti: 'r1', grantId: 'g1' }, 60);
  await adapter('RefreshToken').upsert('r2', { jti: 'r2', grantId: 'g2' }, 60);
  await adapter('AuthorizationCode').upsert('c1', { jti: 'c1', grantId: 'g1' }, 60);
  await adapter('RefreshToken').revokeByGrantId('g1');
  assert.equal(await adapter('RefreshToken').find('r1'), undefined);
  assert.notEqual(await adapter('RefreshToken').find('r2'), undefined);
  assert.notEqual(await adapter('AuthorizationCode').find('c1'), undefined);
});

test('codes and refresh tokens are not in the file, so a copy of it redeems nothing', async (t) => {
  const { file, adapter } = await open(t);
  for (const model of ['AuthorizationCode', 'RefreshToken']) {
    const id = `very-secret-${model}`;
    await adapter(model).upsert(id, { jti: id, clientId: 'x' }, 60);
    assert.deepEqual(await adapter(model).find(id), { jti: id, clientId: 'x' });
  }
  for (const suffix of ['', '-wal'])
    assert.equal((await readFile(file + suffix)).includes('very-secret'), false, suffix);
});

test('A10.sweep: writes remove what has expired, a bounded number each, after a period of grace', async (t) => {
  let nowMs = 0;
  const { file, adapter } = await open(t, () => nowMs);
  const rows = STORE_LIMITS.sweepRowsPerWrite + 5;
  for (let i = 0; i < rows; i += 1) await adapter('Interaction').upsert(`i${i}`, {}, 60);
  nowMs = (60 + STORE_LIMITS.sweepGraceSeconds) * 1_000;
  await adapter('Session').upsert('s0', {}, 60);
  assert.equal(countRows(file, 'Interaction'), rows);
  nowMs += 1_000;
  await adapter('Session').upsert('s1', {}, 60);
  assert.equal(countRows(file, 'Interaction'), 5);
  await adapter('Session').upsert('s2', {}, 60);
  assert.equal(countRows(file, 'Interaction'), 0);
});

test('A10.rows: a model never has more rows than its cap, the newest stay, and other models are not touched', async (t) => {
  let nowMs = 0;
  const { file, adapter } = await open(t, () => nowMs);
  await adapter('Grant').upsert('g1', {}, 60);
  const max = STORE_LIMITS.maxRowsPerModel.default;
  for (let i = 0; i < max + 10; i += 1) {
    nowMs += 1_000;
    await adapter('Interaction').upsert(`i${i}`, {}, 100_000);
  }
  assert.equal(countRows(file, 'Interaction'), max);
  assert.equal(await adapter('Interaction').find('i9'), undefined);
  assert.notEqual(await adapter('Interaction').find('i10'), undefined);
  assert.notEqual(await adapter('Interaction').find(`i${max + 9}`), undefined);
});

test('A10.strangers: strangers’ sessions and interactions make room before those of people who signed in', async (t) => {
  const { adapter } = await open(t);
  const max = STORE_LIMITS.maxRowsPerModel.default;
  for (const model of ['Session', 'Interaction']) {
    await adapter(model).upsert('mine', { accountId: 'ana' }, 60);
    for (let i = 0; i < max + 10; i += 1) await adapter(model).upsert(`stranger-${i}`, {}, 100_000);
    assert.notEqual(await adapter(model).find('mine'), undefined, model);
  }
});

test('the database and what SQLite keeps beside it have mode 0600 under any umask', async (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const { file, adapter } = await open(t);
  await adapter('Grant').upsert('g1', {}, 60);
  for (const suffix of ['', '-wal', '-shm']) assert.equal((await stat(file + suffix)).mode & 0o777, 0o600, suffix);
});

test('nobody is advised to delete a database that another process holds', async (t) => {
  const file = join(await temporaryDirectory(t), 'held.sqlite');
  const holder = new DatabaseSync(file);
  holder.exec('BEGIN EXCLUSIVE');
  await chmod(file, 0o600);
  await assert.rejects(openStore({ file }), ({ message }: Error) => {
    assert.match(message, /database is locked.+leave the file as it is.+no other program holds the file/);
    assert.doesNotMatch(message, /delete/);
    return true;
  });
  holder.close();
});

test('a file that is damaged, newer or open to others is refused and left as it is', async (t) => {
  const isUnreadable = (error: unknown) => error instanceof ServerError && error.code === 'unreadable_data';
  const directory = await temporaryDirectory(t);
  const damaged = join(directory, 'damaged.sqlite');
  await writeFile(damaged, 'this is no database'.repeat(100), { mode: 0o600 });
  await assert.rejects(openStore({ file: damaged }), isUnreadable);
  assert.equal((await readFile(damaged, 'utf8')).startsWith('this is no database'), true);

  const newer = join(directory, 'newer.sqlite');
  (await openStore({ file: newer })).close();
  const database = new DatabaseSync(newer);
  database.exec('PRAGMA user_version = 99');
  database.close();
  await assert.rejects(openStore({ file: newer }), /version 99/);

  const shared = join(directory, 'shared.sqlite');
  (await openStore({ file: shared })).close();
  await chmod(shared, 0o644);
  await assert.rejects(openStore({ file: shared }), isUnreadable);
});
