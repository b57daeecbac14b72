import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { AddOptions, Session, Torrent } from '@torrential/session'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'
import { changeRecord } from './state/change-record.ts'

const tree = { 'tree/a.bin': 100_000, 'tree/b.bin': 100_000, 'tree/empty': '' }

/** A finished download with a record of it, and its session closed. */
async function finished(bench: BenchFolder): Promise<{ torrentFile: Uint8Array; state: string; record: string }> {
  await bench.write(tree)
  const [seeder, seed] = await bench.seed('tree')
  const state = bench.copy('state')
  const leecher = await bench.session({ state })
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
  await leech.done
  await leecher.close()
  return { torrentFile: seed.torrentFile, state, record: join(state, `${seed.infoHash}.resume`) }
}

/** Adds it again; `hashed` is how many pieces were looked at rather than believed. */
async function again(
  bench: BenchFolder,
  from: { torrentFile: Uint8Array; state: string },
  options: AddOptions = {},
): Promise<{ session: Session; torrent: Torrent; steps: number }> {
  const session = await bench.session({ state: from.state })
  const checking = collect(session.events({ types: ['checking'] }))
  const torrent = await session.add(from.torrentFile, { path: bench.copy(), start: false, ...options })
  await torrent.ready
  await bench.settle()
  return { session, torrent, steps: checking.length }
}

describe('a resume record', () => {
  test('is not written before anybody has looked: the next session looks', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const state = bench.copy('state')
    const first = await bench.session({ state })
    const { torrentFile, infoHash } = await first.seed(join(bench.path, 'origin/tree'), { version: 'v1' })
    await first.close()
    expect(await readdir(state)).not.toContain(`${infoHash}.resume`)
    const session = await bench.session({ state })
    const torrent = await session.add(torrentFile, { path: join(bench.path, 'origin') })
    await torrent.ready
    expect(torrent.isComplete).toBe(true)
  })

  test('is believed when sizes and times of the files agree, and totals go on', async () => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    const { torrent, steps, session } = await again(bench, from)
    expect(steps).toBe(1)
    expect(torrent.isComplete).toBe(true)
    expect([torrent.downloaded, torrent.stats.downloaded]).toEqual([200_000, 200_000])
    const other = await bench.session()
    await torrent.start()
    const copy = await other.add(from.torrentFile, { path: bench.copy('third'), peers: [bench.addressOf(session)] })
    await copy.done
    await session.close()
    expect((await again(bench, from)).torrent).toMatchObject({ uploaded: 200_000, downloaded: 200_000 })
  })

  test('is left as it is by a session in which nothing happened, and written anew once something did', async () => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    const before = await readFile(from.record)
    await (await again(bench, from)).session.close()
    expect(await readFile(from.record)).toEqual(before)
    const { torrent, session } = await again(bench, from)
    const [file] = torrent.files
    if (file !== undefined) file.priority = 0
    await session.close()
    expect((await readFile(from.record)).equals(before)).toBe(false)
    expect((await again(bench, from)).torrent.isComplete).toBe(true)
  })

  test('really is what makes the start quick: spoilt bytes under the same size and time go unseen', async () => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    const path = join(bench.copy(), 'tree/a.bin')
    const { atime, mtime } = await stat(path)
    await writeFile(path, Buffer.alloc(100_000))
    await utimes(path, atime, mtime)
    // utimes may round: the record is told what the system now says.
    const rounded = Math.floor((await stat(path)).mtimeMs)
    await changeRecord(from.record, (text) => text.replace(/"mtime":\d+/, `"mtime":${rounded}`))
    const believed = await again(bench, from)
    expect(believed.torrent.isComplete).toBe(true)
    await believed.session.close()
    const full = await again(bench, from, { check: 'full' })
    expect(full.torrent.stats.have).toBe(6)
    expect(full.torrent.downloaded).toBe(200_000)
  })

  test.each([
    ['another time', (path: string) => utimes(path, 1, 1), 13],
    ['another size', (path: string) => writeFile(path, 'short'), 6],
  ])('is not believed of a file that has %s, but of the others, and its totals are', async (_, change, have) => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    await change(join(bench.copy(), 'tree/a.bin'))
    const { torrent, steps } = await again(bench, from)
    // What is believed is told first; then the seven pieces of that file are hashed, and no other.
    expect(steps).toBe(1 + 7)
    expect(torrent.stats.have).toBe(have)
    expect(torrent.downloaded).toBe(200_000)
  })

  test('that claims pieces of files that are not there is asked for proof', async () => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    await changeRecord(from.record, (text) => text.replace(/"files":\[.*\]/, '"files":[null,null,null]'))
    const { torrent } = await again(bench, from, { path: bench.copy('elsewhere') })
    expect(torrent.stats.have).toBe(0)
  })

  test('keeps pieces of which a part lies in the part file', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await bench.seed('tree')
    const state = bench.copy('state')
    const leecher = await bench.session({ state })
    const select = ({ path }: { path: string }) => path.endsWith('a.bin')
    const options = { path: bench.copy(), peers: [bench.addressOf(seeder)], select }
    const leech = await leecher.add(seed.torrentFile, options)
    await leech.done
    expect(leech.stats.have).toBe(7)
    await leecher.close()
    const { torrent } = await again(bench, { torrentFile: seed.torrentFile, state }, { select })
    expect(torrent.stats).toMatchObject({ have: 7, wanted: 7, bytesLeft: 0 })
  })

  test.each([
    ['torn', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['flipped in one place', (text: string) => text.replace('"uploaded":0', '"uploaded":1')],
    ['of another version', (text: string) => text.replace('resume 2', 'resume 3')],
    ['something else', () => '{"have":true}'],
  ])('that is %s is ignored with a warning: everything is hashed', async (_, change) => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    await writeFile(from.record, change(await readFile(from.record, 'utf8')))
    const session = await bench.session({ state: from.state })
    const events = collect(session.events({ types: ['checking', 'warning'] }))
    const torrent = await session.add(from.torrentFile, { path: bench.copy(), start: false })
    await torrent.ready
    await bench.settle()
    expect(events.filter(({ type }) => type === 'checking')).toHaveLength(13)
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([{ error: { code: 'STATE_DAMAGED' } }])
    expect(torrent.isComplete).toBe(true)
    await session.close()
    expect((await again(bench, from)).steps).toBe(1)
  })

  test('is replaced as a whole, and one that cannot be written is a warning', async () => {
    await using bench = await BenchFolder.create()
    const from = await finished(bench)
    const names = (await readdir(from.state)).filter((name) => !/\.(?:entry|torrent)$/.test(name))
    expect(names).toEqual([from.record.slice(from.state.length + 1)])
    await writeFile(bench.copy('file'), 'no folder')
    const { session, torrent } = await again(bench, { ...from, state: bench.copy('file') })
    const warned = eventOf(torrent, 'warning')
    await session.close()
    expect((await warned).error).toMatchObject({ code: 'STATE_WRITE' })
  })

  test('is written while the download runs', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 3_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 40_000 })
    const state = bench.copy('state')
    const leecher = await bench.session({ state })
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await bench.passUntil(() => leech.stats.have > 0)
    const journal = join(state, `${seed.infoHash}.journal-0`)
    const told = async () => (await readFile(journal, 'utf8').catch(() => '')).match(/"g":\[[\d,]+\]/g) ?? []
    // The disk takes its own time, which does not stand still: no journal before there is a record.
    while (!(await readdir(state).catch((): string[] => [])).includes(`${seed.infoHash}.resume`)) await bench.settle()
    while (!leech.isComplete && (await told()).length < 3) {
      await bench.pass(500)
      for (let turn = 0; turn < 20; turn++) await bench.settle()
    }
    expect((await told()).length).toBeGreaterThanOrEqual(3)
    expect(leech.isComplete).toBe(false)
  })
})
