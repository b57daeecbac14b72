// v1, v2 and hybrid torrents of trees on disk: what is in them, and that the same tree passes the recheck by them.

import { chmod, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  createVerifier,
  digestPlan,
  merkleRoot,
  type Metainfo,
  type MetainfoVersion,
  parseTorrent,
} from '@torrential/metainfo'
import {
  allPieces,
  checkPieces,
  type CreateOptions,
  createTorrent,
  FilePieceHasher,
  FileStorage,
  HandlePool,
  HashPool,
} from '@torrential/storage'
import { afterAll, describe, expect, test } from '@jest/globals'
import { array, assert as assertProperty, asyncProperty, boolean, constantFrom, integer } from 'fast-check'
import { temporaryDirectory } from './temporary-directory.ts'
import { failureOf, KIB, rubbish } from './torrent-data.ts'

const pool = new HashPool({ workers: 2 })
afterAll(() => pool.close())

const versions: readonly MetainfoVersion[] = ['v1', 'v2', 'hybrid']

/** A directory called `tree` with these files; executable ones end on `.run`. */
async function tree(files: Readonly<Record<string, number>>): Promise<string> {
  const root = join(await temporaryDirectory(), 'tree')
  for (const [name, length] of Object.entries(files)) {
    const path = join(root, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, rubbish(length, name))
    if (name.endsWith('.run')) await chmod(path, 0o755)
  }
  return root
}

async function created(path: string, options: CreateOptions): Promise<Metainfo> {
  return parseTorrent(await createTorrent(path, { pool, ...options }).result)
}

function storageOf({ geometry, files }: Metainfo, path: string): FileStorage {
  return new FileStorage({ geometry, files, handles: new HandlePool() }, { path })
}

/** The pieces that are not right on disk, by threads or on this one. */
async function wrongPieces(metainfo: Metainfo, path: string, inlineBelow: number): Promise<number[]> {
  await using storage = storageOf(metainfo, path)
  const plan = digestPlan(metainfo)
  const hasher = new FilePieceHasher({ layout: storage, plan, pool }, { inlineBelow })
  const wrong: number[] = []
  for await (const { piece, ok } of checkPieces({ hasher, plan, pieces: allPieces(metainfo.geometry) })) {
    if (!ok) wrong.push(piece)
  }
  return wrong
}

/** True when what storage reads is what the verifier wants, as an upload and a later download do it. */
async function readsRight(metainfo: Metainfo, path: string): Promise<boolean> {
  await using storage = storageOf(metainfo, path)
  const verifier = createVerifier(metainfo)
  for (const piece of allPieces(metainfo.geometry)) {
    const bytes = await storage.read(piece, 0, metainfo.geometry.lengthOf(piece))
    if (!verifier.verify(piece, [bytes])) return false
  }
  return true
}

const shown = ({ files }: Metainfo) =>
  files.map(({ path, length, pad, executable, symlink: to }) =>
    [pad ? 'pad' : path.replace(/^tree\//, ''), length, ...(executable ? ['x'] : []), ...(to ? [to] : [])].join(' '),
  )

describe('createTorrent', () => {
  const lengths = { 'a.b': 16 * KIB, 'a/under': 9, empty: 0, 'run.run': 40_000, 'z/last': 70_000 }

  test('lists files as each version has them', async () => {
    const path = await tree(lengths)
    const [v1, v2, hybrid] = await Promise.all(
      versions.map((version) => created(path, { version, pieceLength: 16 * KIB })),
    )
    expect(v1 && shown(v1)).toEqual(['a.b 16384', 'a/under 9', 'empty 0', 'run.run 40000 x', 'z/last 70000'])
    expect(v2 && shown(v2)).toEqual(['a/under 9', 'a.b 16384', 'empty 0', 'run.run 40000 x', 'z/last 70000'])
    const [p, q, r] = ['pad 16375', 'pad 9152', 'pad 11920']
    const all = ['a/under 9', p, 'a.b 16384', 'empty 0', 'run.run 40000 x', q, 'z/last 70000', r]
    expect(hybrid && shown(hybrid)).toEqual(all)
    expect([v1?.version, v2?.version, hybrid?.version]).toEqual(['v1', 'v2', 'hybrid'])
    expect(hybrid?.pieceLayers).toEqual(v2?.pieceLayers)
    expect(hybrid?.length).toBe(v1?.length)
  })

  test('hashes any tree so that it passes the recheck, is read back right, and one wrong byte is found', async () => {
    const length = constantFrom(0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 65_536, 65_537, 200_000)
    await assertProperty(
      asyncProperty(
        constantFrom(...versions),
        constantFrom(16 * KIB, 64 * KIB),
        array(length, { minLength: 1, maxLength: 5 }),
        boolean(),
        integer({ min: 0, max: 1_000_000 }),
        async (version, pieceLength, sizes, isInline, at) => {
          if (sizes.every((size) => size === 0)) return
          const path = await tree(Object.fromEntries(sizes.map((size, i) => [`d${i % 2}/${i}`, size])))
          const metainfo = await created(path, { version, pieceLength })
          const inlineBelow = isInline ? 2 ** 40 : 0
          expect(await wrongPieces(metainfo, dirname(path), inlineBelow)).toEqual([])
          expect(await readsRight(metainfo, dirname(path))).toBe(true)

          const victim = metainfo.files.findIndex((file) => !file.pad && file.length > 0)
          const { path: name, length: size } = metainfo.files[victim] ?? { path: '', length: 1 }
          const offset = at % size
          await truncate(join(dirname(path), name), offset)
          await truncate(join(dirname(path), name), size)
          const { piece } = metainfo.geometry.locate(victim, offset)
          expect(await wrongPieces(metainfo, dirname(path), inlineBelow)).toContain(piece)
        },
      ),
      { numRuns: 40, seed: 5 },
    )
  }, 60_000)

  test('in threads and on this one, the hashes are the same, also of pieces longer than one read', async () => {
    const path = await tree({ a: 3_000_001, b: 77, c: 5_000_000 })
    for (const version of versions) {
      const metainfo = await created(path, { version, pieceLength: 4 * KIB ** 2 })
      expect(await wrongPieces(metainfo, dirname(path), 0)).toEqual([])
      expect(await wrongPieces(metainfo, dirname(path), 2 ** 40)).toEqual([])
      expect(await readsRight(metainfo, dirname(path))).toBe(true)
    }
  })

  test.each([1, 16 * KIB, 50_000, 64 * KIB, 100_000])('one file of %i bytes has no padding', async (size) => {
    const path = join(await tree({ file: size }), 'file')
    for (const version of versions) {
      const metainfo = await created(path, { version, pieceLength: 64 * KIB })
      expect(metainfo).toMatchObject({ version, isMultiFile: false, name: 'file', length: size })
      expect(metainfo.files).toHaveLength(1)
      expect(await wrongPieces(metainfo, dirname(path), 0)).toEqual([])
      const [{ piecesRoot } = {}] = metainfo.files
      if (version === 'v1' || piecesRoot === undefined) continue
      const layer = metainfo.pieceLayers.get(Buffer.from(piecesRoot).toString('latin1'))
      expect(layer && Buffer.compare(merkleRoot(layer, 2), piecesRoot)).toBe(size > 64 * KIB ? 0 : undefined)
    }
  })

  test('is deterministic in every version, and reports progress without the padding', async () => {
    const path = await tree(lengths)
    for (const version of versions) {
      const creation = createTorrent(path, { version, pool, pieceLength: 16 * KIB })
      let last = 0
      for await (const { bytesDone, bytes } of creation) {
        expect(bytes).toBe(126_393)
        last = bytesDone
      }
      expect(last).toBe(126_393)
      const again = await createTorrent(await tree(lengths), { version, pieceLength: 16 * KIB }).result
      expect(Buffer.compare(await creation.result, again)).toBe(0)
    }
  })

  test('leaves attributes out on request', async () => {
    const path = await tree(lengths)
    for (const version of versions) {
      const metainfo = await created(path, { version, attributes: false })
      expect(metainfo.files.some(({ executable }) => executable)).toBe(false)
    }
  })

  test('refuses a piece length that v2 does not have', async () => {
    const path = await tree(lengths)
    for (const version of ['v2', 'hybrid'] as const) {
      for (const pieceLength of [8 * KIB, 48 * KIB]) {
        expect(await failureOf(createTorrent(path, { version, pieceLength }).result)).toMatchObject({
          code: 'PIECE_LENGTH',
        })
      }
    }
  })

  test('a tree that nobody could tell from its only file is refused for v2 and fine for hybrid', async () => {
    const path = await tree({ tree: 5 })
    expect(await failureOf(created(path, { version: 'v2' }))).toMatchObject({ code: 'TORRENT_NAME' })
    const metainfo = await created(path, { version: 'hybrid' })
    expect(shown(metainfo)).toEqual(['tree 5'])
    expect(await wrongPieces(metainfo, dirname(path), 0)).toEqual([])
  })
})

describe('symbolic links', () => {
  async function linked(links: Readonly<Record<string, string>>): Promise<string> {
    const path = await tree({ file: 5, 'sub/deep/x': 7, '../outside': 3 })
    for (const [name, target] of Object.entries(links)) await symlink(target.replace('ROOT', path), join(path, name))
    return path
  }

  test('that stay inside are links in the torrent, by paths from its root, and are not followed', async () => {
    const path = await linked({
      'a link': 'file',
      'sub/up': '../file',
      'sub/beside': 'deep',
      'sub/deep/round': '../../sub/./deep/x',
      through: 'sub/beside/x',
      absolute: 'ROOT/sub/deep/x',
    })
    for (const version of versions) {
      const metainfo = await created(path, { version, pieceLength: 16 * KIB })
      const links = new Map(metainfo.files.flatMap(({ path: at, symlink: to }) => (to ? [[at.slice(5), to]] : [])))
      expect(Object.fromEntries(links)).toEqual({
        'a link': 'tree/file',
        'sub/up': 'tree/file',
        'sub/beside': 'tree/sub/deep',
        'sub/deep/round': 'tree/sub/deep/x',
        through: 'tree/sub/beside/x',
        absolute: 'tree/sub/deep/x',
      })
      expect(metainfo.length).toBe(12)
      expect(
        metainfo.files.filter(({ symlink: to }) => to).every(({ length, executable }) => length === 0 && executable),
      ).toBe(true)
      expect(await wrongPieces(metainfo, dirname(path), 0)).toEqual([])
    }
  })

  test.each([
    ['out of the tree', { bad: '../outside' }],
    ['out of the tree through its own name', { bad: '../tree2' }],
    ['out of the tree by an absolute path', { bad: '/etc' }],
    ['to the tree itself', { bad: '.' }],
    ['to a directory above', { 'sub/bad': '../..' }],
    ['to nothing', { bad: 'nothing' }],
    ['to itself', { bad: 'bad' }],
    ['out through another link', { first: 'sub/deep', bad: 'first/../../outside' }],
    ['elsewhere than its text says', { first: 'sub/deep', bad: 'first/../../file' }],
  ])('that lead %s are refused', async (_, links) => {
    const path = await linked(links)
    for (const version of versions) {
      const at = join(path, Object.keys(links).find((name) => name.endsWith('bad')) ?? '')
      expect(await failureOf(created(path, { version }))).toMatchObject({ code: 'CREATE_KIND', data: { path: at } })
    }
  })

  test('in the place of the tree are refused', async () => {
    const path = await linked({ link: 'file' })
    expect(await failureOf(created(join(path, 'link'), {}))).toMatchObject({ code: 'CREATE_KIND' })
  })
})
