import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { sha256Hex } from '../src/state/sealed-json.ts'
import { BenchFolder, collect } from './bench-folder.ts'

const pieceLength = 1_048_576

interface Interrupted {
  readonly bench: BenchFolder
  readonly state: string
  readonly torrentFile: Uint8Array
  readonly peers: readonly string[]
  /** The file of blocks. */
  readonly kept: string
}

/** One piece, of which some blocks have come when the session ends in order. */
async function interrupted(
  bench: BenchFolder,
  { length = pieceLength, maxUp = 100_000, least = 20 * 16_384, meddle = () => {} } = {},
): Promise<Interrupted> {
  await bench.write({ 'one.bin': length })
  const [seeder, seed] = await bench.seed('one.bin', { maxUp, pieceLength: length })
  const state = bench.copy('state')
  const peers = [bench.addressOf(seeder)]
  const leecher = await bench.session({ state })
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers })
  await bench.passUntil(() => leech.downloaded >= least)
  meddle()
  // No time passes meanwhile: a disk that is slow at this moment has all of it.
  await leecher.close()
  seeder.maxUp = Number.POSITIVE_INFINITY
  return { bench, state, torrentFile: seed.torrentFile, peers, kept: join(state, `${seed.infoHash}.blocks`) }
}

async function goOn({ bench, state, torrentFile, peers }: Interrupted) {
  const session = await bench.session({ state })
  const events = collect(session.events({ types: ['warning', 'peer-state', 'piece-failed'] }))
  const torrent = await session.add(torrentFile, { path: bench.copy(), peers })
  await bench.passUntil(() => torrent.isComplete)
  expect(await bench.isCopied(torrent)).toBe(true)
  return { session, torrent, events }
}

describe('blocks of a piece that was not complete', () => {
  test('are not fetched again by the next session', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench)
    const { session, torrent } = await goOn(from)
    // Over both sessions every block came once, but for those that were on their way at the end.
    expect(torrent.downloaded).toBeGreaterThanOrEqual(pieceLength)
    expect(torrent.downloaded).toBeLessThan(pieceLength + 4 * 16_384)
    await session.close()
    expect((await readdir(from.state)).filter((name) => name.endsWith('.blocks'))).toEqual([])
  })

  test('are there after a crash, too, when the piece has taken long', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': pieceLength })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 10_000, pieceLength })
    const options = { path: bench.copy(), peers: [bench.addressOf(seeder)] }
    const leecher = await bench.session({ state: bench.copy('state') })
    const leech = await leecher.add(seed.torrentFile, options)
    const file = bench.copy(`state/${seed.infoHash}.blocks`)
    await bench.passUntil(() => leech.downloaded >= 38 * 16_384)
    // The disk may be slower than virtual time: the piece waits for it.
    seeder.maxUp = 1_000
    await bench.passUntil(() => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= 24 * 16_384)
    expect(leech.stats.have).toBe(0)
    // What a crash leaves at this moment, but for the lock, which would be that of a process that is gone.
    await cp(bench.copy('state'), bench.copy('crashed'), { recursive: true })
    await rm(bench.copy('crashed/lock'))
    await leecher.remove(leech)
    // And they outlive a crash right after the next start, which looks at the disk and writes a record.
    const kept = bench.copy(`crashed/${seed.infoHash}.blocks`)
    const before = await readFile(kept)
    const short = await bench.session({ state: bench.copy('crashed') })
    const idle = await short.add(seed.torrentFile, { path: bench.copy() })
    await idle.ready
    await bench.pass(2_000)
    expect(before.equals(await readFile(kept))).toBe(true)
    await short.close()
    expect(before.equals(await readFile(kept))).toBe(true)
    seeder.maxUp = Number.POSITIVE_INFINITY
    const next = await bench.session({ state: bench.copy('crashed') })
    const again = await next.add(seed.torrentFile, options)
    await bench.passUntil(() => again.isComplete)
    expect(await bench.isCopied(again)).toBe(true)
    // Blocks of the last interval are gone, the others are not.
    expect(again.stats.downloaded).toBeLessThan(2 * pieceLength - 20 * 16_384)
    expect(seed.uploaded).toBeLessThan(2 * pieceLength - 20 * 16_384)
  })

  test('that are wrong under a right checksum cost the piece, and ban nobody', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench)
    const bytes = await readFile(from.kept)
    const body = bytes.subarray(bytes.indexOf('\n') + 1)
    body.fill(0, body.length - 10)
    await writeFile(from.kept, Buffer.concat([Buffer.from(`torrential blocks 1 ${sha256Hex(body)}\n`), body]))
    const { events } = await goOn(from)
    expect(events.filter(({ type }) => type === 'piece-failed')).toHaveLength(1)
    expect(events).not.toContainEqual(expect.objectContaining({ change: 'banned' }))
  })

  test('that are all of it need no peer', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench)
    const origin = await readFile(join(bench.path, 'origin', 'one.bin'))
    const places = Array.from({ length: 64 }, (_, block) => [0, block])
    const infoHash = basename(from.kept, '.blocks')
    const body = Buffer.concat([Buffer.from(`${JSON.stringify({ infoHash, places })}\n`), origin])
    await writeFile(from.kept, Buffer.concat([Buffer.from(`torrential blocks 1 ${sha256Hex(body)}\n`), body]))
    await goOn({ ...from, peers: [] })
  })

  test('that a crash left behind go at the start of a torrent that is complete', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench)
    const kept = await readFile(from.kept)
    const { session } = await goOn(from)
    await session.close()
    await writeFile(from.kept, kept)
    const next = await bench.session({ state: from.state })
    const torrent = await next.add(from.torrentFile, { path: bench.copy() })
    await torrent.done
    expect(existsSync(from.kept)).toBe(false)
  })

  test('that are damaged are a warning, and are fetched again', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench)
    await writeFile(from.kept, (await readFile(from.kept)).subarray(0, 30_000))
    const { events } = await goOn(from)
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([{ error: { code: 'STATE_DAMAGED' } }])
  })
})

describe('a large piece that was not complete', () => {
  const large = 16 * 1_048_576
  const setup = { length: large, maxUp: 2_000_000, least: 10 * 1_048_576 }
  /** Just so long that it is written in runs. */
  const small = { length: 5 * 1_048_576, maxUp: 2_000_000, least: 3 * 1_048_576 }

  async function isGone(bench: BenchFolder, state: string): Promise<void> {
    const names = () => readdirSync(state).filter((name) => name.endsWith('.blocks'))
    await bench.settleUntil(() => names().length === 0)
  }

  test('goes on where the last session ended, and what was kept of it goes when it is complete', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench, setup)
    // What is on disk is not kept a second time.
    expect(statSync(from.kept).size).toBeLessThan(1_048_576)
    const { torrent } = await goOn(from)
    expect(torrent.downloaded).toBeGreaterThanOrEqual(large)
    expect(torrent.downloaded).toBeLessThan(large + 4 * 16_384)
    await isGone(bench, from.state)
  })

  test('goes on after a crash with what was kept every half minute', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': large })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 2_000_000, pieceLength: large })
    const options = { path: bench.copy(), peers: [bench.addressOf(seeder)] }
    const state = bench.copy('state')
    const leecher = await bench.session({ state })
    const leech = await leecher.add(seed.torrentFile, options)
    await bench.passUntil(() => leech.downloaded >= 10 * 1_048_576)
    seeder.maxUp = 10_000
    // Half a minute, however new the piece is; then time stands still until the disk has done what it has to.
    await bench.pass(31_000)
    await bench.settleUntil(() => existsSync(join(state, `${seed.infoHash}.blocks`)))
    expect(leech.stats.have).toBe(0)
    await cp(state, bench.copy('crashed'), { recursive: true })
    await rm(bench.copy('crashed/lock'))
    await leecher.remove(leech)
    seeder.maxUp = Number.POSITIVE_INFINITY
    const next = await bench.session({ state: bench.copy('crashed') })
    const uploaded = seed.uploaded
    const again = await next.add(seed.torrentFile, options)
    await bench.passUntil(() => again.isComplete)
    expect(await bench.isCopied(again)).toBe(true)
    expect(seed.uploaded - uploaded).toBeLessThan(6.5 * 1_048_576)
    await isGone(bench, bench.copy('crashed'))
  })

  test('is fetched anew, without a fault, when its file has gone', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const from = await interrupted(bench, small)
    await rm(join(bench.copy(), 'one.bin'))
    const { torrent, events } = await goOn(from)
    expect(events.filter(({ type }) => type !== 'peer-state')).toEqual([])
    expect(torrent.error).toBeUndefined()
  })

  test('costs itself, and bans nobody, when another wrote to its file before the end', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const file = join(bench.copy(), 'one.bin')
    const meddle = () => writeFileSync(file, new Uint8Array(statSync(file).size), { flag: 'r+' })
    const from = await interrupted(bench, { ...small, meddle })
    const { events } = await goOn(from)
    expect(events.filter(({ type }) => type === 'piece-failed')).toHaveLength(1)
    expect(events).not.toContainEqual(expect.objectContaining({ change: 'banned' }))
  })
})
