import { createWriteStream } from 'node:fs'
import { access, mkdir, readFile, unlink } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from '@jest/globals'
import { concatBytes, StorageError } from '@torrential/primitives'
import type { AddOptions, Session, Torrent } from '@torrential/session'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

interface Pair {
  readonly bench: BenchFolder
  readonly seeder: Session
  readonly seed: Torrent
  readonly leecher: Session
  readonly leech: Torrent
}

/** A seed that gives 400,000 bytes per second of virtual time, and a leech. */
async function pairOf(
  bench: BenchFolder,
  files: Record<string, number | string>,
  name: string,
  options: AddOptions = {},
): Promise<Pair> {
  await bench.write(files)
  const [seeder, seed] = await bench.seed(name, { maxUp: 400_000 })
  const leecher = await bench.session()
  const peers = [bench.addressOf(seeder)]
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers, ...options })
  return { bench, seeder, seed, leecher, leech }
}

/** Reads to the end, and keeps count on the way. */
function reading(stream: AsyncIterable<Uint8Array>) {
  const state = { bytes: 0, chunks: [] as Uint8Array[], ended: false, error: undefined as unknown }
  const run = async () => {
    for await (const chunk of stream) {
      state.bytes += chunk.length
      state.chunks.push(chunk)
    }
    state.ended = true
  }
  run().catch((error: unknown) => (state.error = error))
  return state
}

describe('a stream of a file that is still arriving', () => {
  test('gives the bytes in order long before the torrent is complete', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await pairOf(bench, { 'movie.bin': 4_000_000 }, 'movie.bin')
    const state = reading(leech.files[0]!.stream())
    await bench.passUntil(() => state.bytes >= 300_000)
    expect(leech.stats.have).toBeLessThan(100)
    const original = await readFile(join(bench.path, 'origin/movie.bin'))
    const front = concatBytes(state.chunks)
    expect(Buffer.compare(front, original.subarray(0, front.length))).toBe(0)
    await bench.passUntil(() => state.ended)
    expect(Buffer.compare(concatBytes(state.chunks), original)).toBe(0)
    expect(Math.max(...state.chunks.map(({ length }) => length))).toBeLessThanOrEqual(256 * 1024)
  })

  test('fetches a range in the middle first', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await pairOf(bench, { 'movie.bin': 4_000_000 }, 'movie.bin')
    await leech.ready
    const range = { start: 2_000_001, end: 2_300_000 }
    const pieces = collect(leech.events({ types: ['piece'] }))
    const state = reading(leech.files[0]!.stream(range))
    await bench.passUntil(() => state.ended)
    const original = await readFile(join(bench.path, 'origin/movie.bin'))
    expect(Buffer.compare(concatBytes(state.chunks), original.subarray(range.start, range.end))).toBe(0)
    // 19 or 20 pieces hold the range. What was asked for before the stream was opened may come in between.
    expect(leech.stats.have).toBeLessThan(60)
    const first = Math.floor(range.start / 16_384)
    const within = pieces.filter((event) => event.type === 'piece' && event.piece >= first && event.piece < first + 20)
    expect(within.length).toBeGreaterThanOrEqual(19)
  })

  test('a seek is a new stream: the old one no longer pulls', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await pairOf(bench, { 'movie.bin': 4_000_000 }, 'movie.bin', { select: () => false })
    const from = leech.files[0]!.stream()
    const state = reading(from)
    await bench.passUntil(() => state.bytes > 100_000)
    from.destroy()
    await bench.pass(2_000)
    const { have } = leech.stats
    await bench.pass(10_000)
    // Nothing is selected, and nobody reads.
    expect(leech.stats.have).toBe(have)
    const later = reading(leech.files[0]!.stream({ start: 3_900_000 }))
    await bench.passUntil(() => later.ended)
    expect(later.bytes).toBe(100_000)
    expect(leech.bitfield.has(150)).toBe(false)
  })

  test('a slow consumer holds at most a little more than 1 MiB, and everything arrives all the same', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech, seed } = await pairOf(bench, { 'movie.bin': 6_000_000 }, 'movie.bin')
    seed.maxUp = Number.POSITIVE_INFINITY
    const stream = leech.files[0]!.stream()
    const written = collect(leech.events({ types: ['file-read'] }))
    await bench.passUntil(() => leech.isComplete)
    stream.once('readable', () => {})
    await bench.pass(1_000)
    const read = written.reduce((sum, event) => sum + (event.type === 'file-read' ? event.bytes : 0), 0)
    expect(read).toBeLessThanOrEqual(2 * 1024 * 1024)
    const state = reading(stream)
    await bench.passUntil(() => state.ended)
    expect(state.bytes).toBe(6_000_000)
  })

  test('waits while the torrent is paused, and rejects when it is closed', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech, leecher } = await pairOf(bench, { 'movie.bin': 2_000_000 }, 'movie.bin')
    const state = reading(leech.files[0]!.stream())
    await bench.passUntil(() => state.bytes > 0)
    leech.pause()
    await bench.pass(2_000)
    const { bytes } = state
    await bench.pass(20_000)
    expect(state.bytes).toBe(bytes)
    await leecher.remove(leech)
    await bench.settle()
    expect(state.ended).toBe(false)
    expect(state.error).toMatchObject({ code: 'TORRENT_CLOSED' })
  })

  test('can be destroyed while it waits, and never read at all', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    const stream = leech.files[0]!.stream()
    const closed = new Promise<void>((resolve) => stream.once('close', resolve))
    const state = reading(stream)
    await bench.settle()
    stream.destroy()
    await closed
    leech.files[0]!.stream().destroy()
    leech.files[0]!.stream()
    await bench.settle()
    expect(state.bytes).toBe(0)
  })
})

describe('a stream whose file is gone', () => {
  test('is destroyed with the StorageError instead of ending early', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 3_000_000 })
    const [, seed] = await bench.seed('one.bin')
    await unlink(join(bench.path, 'origin/one.bin'))
    await bench.pass(2_000)
    const state = reading(seed.files[0]!.stream())
    await bench.settleUntil(() => state.error !== undefined)
    expect(state.error).toBeInstanceOf(StorageError)
    expect(state).toMatchObject({ ended: false, error: { code: 'FILE_MISSING' } })
    expect(seed.status).toBe('error')
  })
})

describe('piping', () => {
  test('into a file and into an http response, with pipeline of node', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 3_000_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const [file] = leech.files
    const original = await readFile(join(bench.path, 'origin/one.bin'))
    const out = join(bench.path, 'out.bin')
    await pipeline(file!.stream({ start: 100 }), createWriteStream(out))
    expect(Buffer.compare(await readFile(out), original.subarray(100))).toBe(0)
    const failures: unknown[] = []
    const server = createServer((_request, response) => {
      pipeline(file!.stream({ start: 1_000, end: 2_000_000 }), response).catch((error: unknown) => failures.push(error))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    try {
      const { port } = server.address() as AddressInfo
      const response = await new Promise<IncomingMessage>((done) => get(`http://127.0.0.1:${port}/`, done))
      const chunks: Uint8Array[] = []
      for await (const chunk of response as AsyncIterable<Uint8Array>) chunks.push(chunk)
      expect(Buffer.compare(concatBytes(chunks), original.subarray(1_000, 2_000_000))).toBe(0)
      expect(failures).toEqual([])
    } finally {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
  })

  test('a consumer that goes away destroys the stream', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 3_000_000 })
    const [, seed] = await bench.seed('one.bin')
    const stream = seed.files[0]!.stream()
    for await (const chunk of stream) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(stream.destroyed).toBe(true)
  })
})

describe('bytes, text and blob', () => {
  test('give a range or the whole, of empty files too', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'tree/a.txt': 'grüß dich', 'tree/b.bin': 70_000, 'tree/empty': '' })
    const [, seed] = await bench.seed('tree')
    const [text, binary, empty] = seed.files
    expect(await text!.text()).toBe('grüß dich')
    expect(await text!.text({ start: 0, end: 2 })).toBe('gr')
    expect(await text!.bytes({ start: 3, end: 3 })).toHaveLength(0)
    expect(await empty!.bytes()).toHaveLength(0)
    expect(empty!.isComplete && empty!.progress === 1).toBe(true)
    const blob = await binary!.blob({ start: 69_990 })
    const original = await readFile(join(bench.path, 'origin/tree/b.bin'))
    expect(Buffer.compare(new Uint8Array(await blob.arrayBuffer()), original.subarray(69_990))).toBe(0)
    expect([binary!.name, binary!.path, binary!.index, binary!.length]).toEqual(['b.bin', 'tree/b.bin', 1, 70_000])
  })

  test.each([
    [{ start: -1 }],
    [{ start: 5, end: 4 }],
    [{ end: 70_001 }],
    [{ start: 0.5 }],
    [{ start: Number.NaN }],
    [{ end: Number.POSITIVE_INFINITY }],
  ])('refuse the range %o', async (range) => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 70_000 })
    const [, seed] = await bench.seed('one.bin')
    const refusal = { name: 'InputError', code: 'FILE_RANGE' }
    expect(() => seed.files[0]!.stream(range)).toThrow(expect.objectContaining(refusal) as unknown as Error)
    await expect(seed.files[0]!.bytes(range)).rejects.toMatchObject(refusal)
  })
})

describe('priorities', () => {
  const tree = { 'tree/a.bin': 100_000, 'tree/b.bin': 50_000, 'tree/c.bin': 100_000 }

  test('a file that is not selected is not created, also where it shares pieces', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await bench.seed('tree')
    const leecher = await bench.session()
    const select = ({ index }: { index: number }) => index !== 1
    const peers = [bench.addressOf(seeder)]
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), select, peers })
    await leech.done
    expect(leech.status).toBe('seeding')
    expect(leech.isComplete).toBe(false)
    expect(leech.progress).toBe(1)
    expect(leech.files.map(({ priority }) => priority)).toEqual([4, 0, 4])
    expect(await exists(join(bench.copy(), 'tree/b.bin'))).toBe(false)
    const original = await readFile(join(bench.path, 'origin/tree/c.bin'))
    expect(Buffer.compare(await readFile(join(bench.copy(), 'tree/c.bin')), original)).toBe(0)

    const again = collect(leech.events({ types: ['done', 'file-complete'] }))
    leech.files[1]!.priority = 7
    await eventOf(leech, 'done')
    await leech.done
    await bench.settle()
    expect(leech.isComplete).toBe(true)
    expect(again.map(({ type }) => type)).toEqual(['file-complete', 'done'])
    expect(await bench.isCopied(leech)).toBe(true)
    const hidden = `.${leech.infoHash}.parts`
    expect(await exists(join(bench.copy(), hidden))).toBe(false)
  })

  test('done is about what is wanted at the time', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await bench.seed('tree')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), select: () => false })
    await leech.done
    expect(leech.stats).toMatchObject({ wanted: 0, bytesWanted: 0, bytesLeft: 0 })
    leech.files[0]!.priority = 4
    await bench.settle()
    expect(leech.status).toBe('downloading')
    let isDone = false
    const done = leech.done.then(() => (isDone = true))
    await bench.settle()
    expect(isDone).toBe(false)
    leech.addPeer(bench.addressOf(seeder))
    await done
    expect(leech.files.map(({ isComplete }) => isComplete)).toEqual([true, false, false])
    leech.files[0]!.priority = 0
    await bench.settle()
    expect(leech.status).toBe('seeding')
  })

  test('the more wanted file comes first', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await pairOf(bench, { 'tree/a.bin': 2_000_000, 'tree/z.bin': 300_000 }, 'tree')
    leech.files[1]!.priority = 7
    await bench.passUntil(() => leech.files[1]!.isComplete)
    expect(leech.files[0]!.progress).toBeLessThan(0.3)
  })

  test('sequential asks for the pieces in order', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await pairOf(bench, { 'one.bin': 1_000_000 }, 'one.bin', { sequential: true })
    const messages = collect(leech.events({ types: ['message'] }))
    await bench.passUntil(() => leech.isComplete)
    const told = messages.flatMap((event) => (event.type === 'message' ? [event.message] : []))
    // Before the unchoke only the few pieces that the seed allows may be asked for (BEP 6).
    const unchoked = told.findIndex(({ type }) => type === 'unchoke')
    expect(told.filter(({ type }) => type === 'allowed-fast')).toHaveLength(5)
    const asked = told.flatMap((message, at) => (message.type === 'request' && at > unchoked ? [message.piece] : []))
    expect(asked.length).toBeGreaterThan(50)
    expect(asked).toEqual(asked.toSorted((a, b) => a - b))
  })

  test('a skipped file can be streamed: just what is read is fetched, and no file is made of it', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await pairOf(bench, tree, 'tree', { select: () => false })
    const state = reading(leech.files[2]!.stream({ start: 90_000 }))
    await bench.passUntil(() => state.ended)
    expect(state.bytes).toBe(10_000)
    expect(leech.stats.have).toBeLessThan(5)
    expect(await exists(join(bench.copy(), 'tree/c.bin'))).toBe(false)
  })

  test.each([-1, 8, 1.5, Number.NaN])('%d is refused', async (priority) => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 1_000 })
    const [, seed] = await bench.seed('one.bin')
    expect(() => (seed.files[0]!.priority = priority)).toThrow(
      expect.objectContaining({ code: 'OPTION_RANGE' }) as unknown as Error,
    )
  })

  test('a file that cannot be made when it becomes wanted stops the torrent with a StorageError', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await bench.seed('tree')
    const leecher = await bench.session()
    const peers = [bench.addressOf(seeder)]
    const select = ({ index }: { index: number }) => index !== 1
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), select, peers })
    await leech.done
    await mkdir(join(bench.copy(), 'tree/b.bin'))
    const failed = eventOf(leech, 'error')
    leech.files[1]!.priority = 4
    expect((await failed).error).toMatchObject({ code: 'FILE_KIND' })
    expect(leech.status).toBe('error')
  })
})
