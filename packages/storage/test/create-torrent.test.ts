import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestPlan, parseTorrent } from '@torrential/metainfo'
import {
  allPieces,
  checkPieces,
  createTorrent,
  FilePieceHasher,
  FileStorage,
  HandlePool,
  HashPool,
} from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { temporaryDirectory } from './temporary-directory.ts'
import { failureOf, KIB, rubbish, sha1 } from './torrent-data.ts'

const lengths = {
  B: 70_000,
  a: 5,
  'a.b': 16 * KIB,
  'a/under': 9,
  empty: 0,
  'sub/deep/z': 1,
  'sub/y': 40_000,
  ä: 3,
  'Z/￿': 2,
  'Z/😀': 2,
}

async function tree(name = 'tree', files: Readonly<Record<string, number>> = lengths): Promise<string> {
  const path = join(await temporaryDirectory(), name)
  for (const [file, length] of Object.entries(files)) {
    if (file === 'a') continue
    const at = join(path, file)
    await mkdir(join(at, '..'), { recursive: true })
    await writeFile(at, rubbish(length, file))
  }
  return path
}

describe('createTorrent', () => {
  test('lists every file, empty ones too, in the order of the bytes of their paths, with right hashes', async () => {
    const path = await tree()
    const metainfo = parseTorrent(await createTorrent(path, { version: 'v1', pieceLength: 16 * KIB }).result)
    expect(metainfo.name).toBe('tree')
    expect(metainfo.files.map((file) => file.path)).toEqual(
      ['B', 'Z/￿', 'Z/😀', 'a.b', 'a/under', 'empty', 'sub/deep/z', 'sub/y', 'ä'].map((file) => `tree/${file}`),
    )
    const storage = new FileStorage(
      { geometry: metainfo.geometry, files: metainfo.files, handles: new HandlePool() },
      { path: join(path, '..') },
    )
    const plan = digestPlan(metainfo)
    const hasher = new FilePieceHasher({ layout: storage, plan })
    let right = 0
    for await (const { ok } of checkPieces({ hasher, plan, pieces: allPieces(metainfo.geometry) })) if (ok) right++
    expect(right).toBe(metainfo.geometry.pieceCount)
    await storage.close()
  })

  test('the same files and options give the same bytes, whatever the dates of the files are', async () => {
    const options = { trackers: [['http://tracker.example/announce']], private: true, comment: 'c', source: 's' }
    const first = await tree()
    const second = await tree()
    await utimes(join(second, 'B'), 1, 1)
    const one = await createTorrent(first, options).result
    const two = await createTorrent(second, options).result
    expect(Buffer.compare(one, two)).toBe(0)
    expect(Buffer.from(one).includes('creation date')).toBe(false)
    expect(Buffer.from(one).includes('created by')).toBe(false)
  })

  test('puts in what was asked for', async () => {
    const path = await tree('one file', { only: 100_000 })
    const bytes = await createTorrent(join(path, 'only'), {
      pieceLength: 32 * KIB,
      trackers: [['http://a.example/announce', 'udp://b.example:1'], ['http://c.example/announce']],
      webSeeds: ['http://seed.example/only'],
      private: true,
      comment: 'a comment',
      createdBy: 'a test',
      creationDate: 1_234_567,
      source: 'a source',
      name: 'another name',
    }).result
    const metainfo = parseTorrent(bytes)
    expect(metainfo).toMatchObject({
      name: 'another name',
      isMultiFile: false,
      length: 100_000,
      trackers: [['http://a.example/announce', 'udp://b.example:1'], ['http://c.example/announce']],
      webSeeds: ['http://seed.example/only'],
      private: true,
      comment: 'a comment',
      createdBy: 'a test',
      creationDate: 1_234_567,
      source: 'a source',
    })
    const data = await readFile(join(path, 'only'))
    const naive = Buffer.concat([0, 1, 2, 3].map((i) => sha1(data.subarray(i * 32 * KIB, (i + 1) * 32 * KIB))))
    expect(Buffer.from(metainfo.pieceHashes as Uint8Array).equals(naive)).toBe(true)
  })

  test('gives the same bytes as mktorrent', async () => {
    if (!hasMktorrent()) {
      // Without the program: the hashes of a naive computation, as in the test above.
      expect(parseTorrent(await createTorrent(await tree()).result).files).toHaveLength(Object.keys(lengths).length - 1)
      return
    }
    const path = await tree()
    const output = join(path, '../out.torrent')
    execFileSync('mktorrent', [
      '-d',
      '-l',
      '15',
      '-p',
      '-a',
      'http://t.example/announce',
      '-c',
      'hi',
      '-o',
      output,
      path,
    ])
    const theirs = await readFile(output)
    const { createdBy = '' } = parseTorrent(theirs)
    const ours = await createTorrent(path, {
      version: 'v1',
      pieceLength: 32 * KIB,
      private: true,
      trackers: [['http://t.example/announce']],
      comment: 'hi',
      createdBy,
    }).result
    expect(Buffer.compare(ours, theirs)).toBe(0)
  })

  test('reports progress up to the end; a slow consumer gets the latest state', async () => {
    const path = await tree('large', { a1: 20 * KIB ** 2 })
    const creation = createTorrent(path, { pieceLength: 64 * KIB })
    const seen: number[] = []
    for await (const progress of creation) {
      expect(progress.bytesDone).toBe(progress.piecesDone * 64 * KIB)
      expect([progress.pieces, progress.bytes]).toEqual([320, 20 * KIB ** 2])
      seen.push(progress.piecesDone)
    }
    expect(seen[0]).toBe(0)
    expect(seen.at(-1)).toBe(320)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    const late: number[] = []
    await creation.result
    for await (const { piecesDone } of creation) late.push(piecesDone)
    expect(late).toEqual([320])
  })

  test('stops on its signal, and when it is disposed', async () => {
    const path = await tree('large', { a1: 64 * KIB ** 2 })
    const abort = new AbortController()
    const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' })
    const creation = createTorrent(path, { pieceLength: 64 * KIB, signal: abort.signal })
    const iterating = failureOf(
      (async () => {
        for await (const { piecesDone } of creation) if (piecesDone > 0) abort.abort(reason)
      })(),
    )
    expect((await failureOf(creation.result))?.code).toBe('ENOUGH')
    expect((await iterating)?.code).toBe('ENOUGH')
    expect((await failureOf(createTorrent(path, { signal: abort.signal }).result))?.code).toBe('ENOUGH')
    const other = createTorrent(path)
    await other[Symbol.asyncDispose]()
    expect((await failureOf(other.result))?.code).toBe('CREATE_STOPPED')
  })

  test('a file that changes while it is hashed is CREATE_CHANGED', async () => {
    const path = await tree('large', { a1: 20 * KIB ** 2, b: 5 })
    const growing = createTorrent(path, { pieceLength: 64 * KIB })
    let grown = false
    const iterating = failureOf(
      (async () => {
        for await (const progress of growing) {
          if (grown) continue
          grown = true
          await appendFile(join(path, 'b'), 'x')
          expect(progress.piecesDone).toBeLessThan(progress.pieces)
        }
      })(),
    )
    expect(await failureOf(growing.result)).toMatchObject({ code: 'CREATE_CHANGED', data: { path: join(path, 'b') } })
    expect((await iterating)?.code).toBe('CREATE_CHANGED')
  })

  test('refuses what a torrent cannot hold, with the path', async () => {
    const path = await tree('odd', { a1: 10 })
    expect((await failureOf(createTorrent(join(path, 'nothing')).result))?.code).toBe('CREATE_MISSING')
    expect((await failureOf(createTorrent('/').result))?.code).toBe('CREATE_NAME')
    const empty = await tree('empty', { a1: 0 })
    expect((await failureOf(createTorrent(empty).result))?.code).toBe('CREATE_EMPTY')
    expect((await failureOf(createTorrent(path, { pieceLength: -1 }).result))?.code).toBe('PIECE_LENGTH')
    expect((await failureOf(createTorrent(path, { trackers: [['nonsense']] }).result))?.code).toBe('TORRENT_TRACKER')
    const pipes = await tree('pipes', { a1: 10 })
    execFileSync('mkfifo', [join(pipes, 'pipe')])
    expect((await failureOf(createTorrent(pipes).result))?.code).toBe('CREATE_KIND')
    const binary = await tree('binary', { a1: 10 })
    await writeFile(Buffer.concat([Buffer.from(`${binary}/`), Buffer.from([0xff, 0xfe])]), 'x')
    expect((await failureOf(createTorrent(binary).result))?.code).toBe('CREATE_NAME')
  })

  test('uses the threads of a pool that is given, and leaves them running', async () => {
    const pool = new HashPool({ workers: 1 })
    const path = await tree('large', { a1: 8 * KIB ** 2 })
    await createTorrent(path, { pool }).result
    expect(pool.running).toBe(1)
    await pool.close()
  })
})

function hasMktorrent(): boolean {
  try {
    execFileSync('mktorrent', ['-h'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ENOENT'
  }
}
