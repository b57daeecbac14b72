// Torrents that createTorrent makes: byte for byte the info dictionaries of libtorrent, and usable by every program.
import { execFile } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BencodeDict, type BencodeValue, decodeDict, encode, isDict, isList } from '@torrential/bencode'
import { type MetainfoVersion, parseInfo, parseTorrent } from '@torrential/metainfo'
import { toHex } from '@torrential/primitives'
import { createTorrent } from '@torrential/storage'
import { expect, jest, test } from '@jest/globals'
import {
  aria2,
  comparePayload,
  type Counterpart,
  Ground,
  libtorrent,
  type Payload,
  torrential,
  transmission,
  webtorrent,
  writePayload,
} from '../src/index.ts'
import { findLibtorrentPython } from '../src/libtorrent.ts'
import { manyFiles, smallPieces } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(180_000)

const run = promisify(execFile)
const script = fileURLToPath(new URL('../drivers/libtorrent_create.py', import.meta.url))
const versions: readonly MetainfoVersion[] = ['v1', 'v2', 'hybrid']
const kibi = 1024

async function libtorrentSays(...args: readonly string[]): Promise<Buffer> {
  const python = (await findLibtorrentPython()) ?? '/usr/bin/python3'
  const { stdout } = await run(python, [script, ...args], { encoding: 'buffer', maxBuffer: 16 * kibi ** 2 })
  return stdout
}

/** Files by path and length, or links by path and target. Content follows from the last element; `.run` means executable. */
type Tree = Readonly<Record<string, number | string>>

async function plant(folder: string, tree: Tree): Promise<string> {
  for (const [name, what] of Object.entries(tree)) {
    const path = join(folder, 'tree', name)
    await mkdir(dirname(path), { recursive: true })
    if (typeof what === 'string') await symlink(what, path)
    else await writeFile(path, Buffer.alloc(what, `${basename(name)} `))
    if (name.endsWith('.run')) await chmod(path, 0o755)
  }
  return join(folder, 'tree')
}

const block = 16 * kibi
const trees: Readonly<Record<string, Tree>> = {
  'one file': { a: 20_000 },
  'one file of one byte': { a: 1 },
  'one file that ends on a piece': { a: 64 * kibi },
  'one file in a folder': { 'a/b': 70_000 },
  'one file and an empty one': { a: 20_000, b: 0 },
  'empty files at both ends': { a: 0, b: 20_000, c: 0 },
  'files around a block': { a: block - 1, b: block, c: block + 1, d: 2 * block, e: 3 * block + 5 },
  'files around a piece': { a: 4 * block - 1, b: 4 * block, c: 4 * block + 1, d: 8 * block, e: 300_000 },
  'files that all end on pieces': { a: 4 * block, b: 8 * block },
  'names whose order is not that of the joined paths': {
    'a.b': 5,
    'a/x': 6,
    'a-/y': 7,
    ä: 8,
    Z: 9,
    'z/😀': 10,
    'z/￿': 11,
  },
  'hidden, executable and linked files': { '.hidden': 5, 'b.run': 40_000, link: 'd/e', 'd/e': 9, 'e.run': 0, z: 'd' },
  'files of one content': { 'a/x': 200_000, 'b/x': 200_000, 'c/x': 100_000 },
}

await suiteWith([libtorrent], 'createTorrent and create_torrent of libtorrent', () => {
  test.each(Object.entries(trees))('give the same info dictionaries of %s', async (_what, tree) => {
    await using ground = await Ground.create()
    const path = await plant(await ground.folder('tree'), tree)
    for (const version of versions) {
      for (const pieceLength of [block, 4 * block]) {
        const theirs = await libtorrentSays('create', path, String(pieceLength), version)
        const ours = parseTorrent(await createTorrent(path, { version, pieceLength }).result)
        expect([version, pieceLength, toText(ours.infoBytes)]).toEqual([version, pieceLength, toText(theirs)])
        const { pieceLayers } = ours
        expect(toHex(parseInfo(new Uint8Array(theirs), { pieceLayers }).infoHash)).toBe(toHex(ours.infoHash))
      }
    }
  })

  test.each([
    [5, false],
    [100_000, true],
    [64 * kibi, false],
  ])('give the same info dictionaries of a single file of %i bytes', async (length, isExecutable) => {
    await using ground = await Ground.create()
    const name = isExecutable ? 'file.run' : 'file'
    const path = join(await plant(await ground.folder('tree'), { [name]: length }), name)
    for (const version of versions) {
      const theirs = await libtorrentSays('create', path, String(block), version)
      const ours = parseTorrent(await createTorrent(path, { version, pieceLength: block }).result)
      expect([version, toText(ours.infoBytes)]).toEqual([version, toText(theirs)])
    }
  })

  test.each(versions)('agree on what is in a torrent of ours in %s, links in folders included', async (version) => {
    await using ground = await Ground.create()
    const folder = await ground.folder('tree')
    const path = await plant(folder, { 'a.run': 70_000, 'b/c': 5, 'b/up': '../a.run', 'b/beside': 'c', e: 0, l: 'b/c' })
    const torrent = await createTorrent(path, { version, pieceLength: block, trackers: [['http://t.example/']] }).result
    await writeFile(join(folder, 'our.torrent'), torrent)
    const ours = parseTorrent(torrent)
    const theirs: unknown = JSON.parse((await libtorrentSays('read', join(folder, 'our.torrent'))).toString())
    const own = ours.files.filter(({ pad }) => !pad)
    expect(theirs).toEqual({
      infoHashV1: ours.infoHashV1 ? toHex(ours.infoHashV1) : null,
      infoHashV2: ours.infoHashV2 ? toHex(ours.infoHashV2) : null,
      pieceCount: ours.geometry.pieceCount,
      files: own.map(({ path: at, length, symlink: to }) => [at, length, ...(to ? [to] : [])]),
    })
    expect(own.find(({ path: at }) => at === 'tree/b/up')?.symlink).toBe('tree/a.run')
  })
})

// libtorrent 2.0.8 writes the text of a link, which is relative to the link's own folder, where BEP 47 has the path from the torrent's
// root. Reading its own torrent back it takes the text for that path: the link leads nowhere. That cannot be copied; everything else is.
await suiteWith([libtorrent], 'what cannot be the same as in create_torrent of libtorrent', () => {
  test.each(versions)(
    'of links in folders in %s: the way in which the target is written, and nothing else',
    async (version) => {
      await using ground = await Ground.create()
      const tree: Tree = { 'a.run': 70_000, 'b/c': 5, 'b/d/up': '../../a.run', 'b/beside': 'c', e: 0, l: 'b/c' }
      const path = await plant(await ground.folder('tree'), tree)
      const theirs = decodeDict(new Uint8Array(await libtorrentSays('create', path, String(block), version)))
      const ours = parseTorrent(await createTorrent(path, { version, pieceLength: block }).result)
      const corrected = encode(withTargetsFromTheRoot(theirs, []))
      expect(toText(corrected)).toBe(toText(ours.infoBytes))
      expect(toText(encode(theirs))).not.toBe(toText(ours.infoBytes))
    },
  )

  test('the order of a v1 torrent is that in which the file system lists: the same tree, other torrents', async () => {
    await using ground = await Ground.create()
    const tree: Tree = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${(i * 7) % 40}`, i]))
    const path = await plant(await ground.folder('tree'), tree)
    const theirs = JSON.parse((await libtorrentSays('walk', path)).toString()) as string[]
    const ours = parseTorrent(await createTorrent(path, { version: 'v1', pieceLength: block }).result)
    const own = ours.files.map((file) => file.path)
    expect(theirs.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(own)
    expect(own).toEqual(own.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
  })
})

/** An info dictionary, or a part of it, whose links lie in `folder`: with their targets as BEP 47 has them. */
function withTargetsFromTheRoot(dict: BencodeDict, folder: readonly string[]): Map<string, BencodeValue> {
  const corrected = new Map<string, BencodeValue>()
  const path = dict.get('path')
  const own = isList(path) ? path.map((name) => toText(name as Uint8Array)).slice(0, -1) : folder
  for (const [key, value] of dict) {
    if (key === 'symlink path' && isList(value)) {
      const target = posix.join(...own, ...value.map((name) => toText(name as Uint8Array)))
      corrected.set(
        key,
        target.split('/').map((name) => new Uint8Array(Buffer.from(name, 'latin1'))),
      )
    } else if (key === 'files' && isList(value)) {
      corrected.set(
        key,
        value.map((file) => withTargetsFromTheRoot(file as BencodeDict, [])),
      )
    } else if (isDict(value)) {
      // Below `file tree` each key is a folder; the empty one is the file itself, whose name is the last of the path.
      const isTop = key === 'file tree'
      corrected.set(
        key,
        withTargetsFromTheRoot(value, isTop ? [] : key === '' ? folder.slice(0, -1) : [...folder, key]),
      )
    } else corrected.set(key, value)
  }
  return corrected
}

/** A difference of a few bytes is shown, one of many megabytes is not. */
function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

const usable: readonly (readonly [string, Payload])[] = [
  ['a single file', smallPieces],
  ['many files', manyFiles],
]

// A file in a v2 tree has an empty key (BEP 52). aria2 1.36 loses it and announces another infohash, transmission 3.00 calls the
// .torrent corrupt – of every hybrid torrent, whoever made it. They get v1.
const programs: readonly (readonly [Counterpart, MetainfoVersion])[] = [
  [libtorrent, 'hybrid'],
  [webtorrent, 'hybrid'],
  [aria2, 'v1'],
  [transmission, 'v1'],
]

for (const [program, version] of programs) {
  await suiteWith([program], `${version} torrents of ours and ${program.name}`, () => {
    test.concurrent.each(usable)('it downloads %s from us', async (_what, payload) => {
      await using ground = await Ground.create({ namespace: program.needsNamespace })
      const [source, target] = [await ground.folder('source'), await ground.folder('target')]
      const torrent = await torrentOf(payload, source, version)
      const seed = await torrential.seed(ground, { torrent, directory: source })
      const leech = await program.leech(ground, { torrent, directory: target, peers: [seed.address] })
      await leech.done()
      await leech.stop()
      await comparePayload(payload, target, { lenient: true })
    })

    test.concurrent('we download a single file from it', async () => {
      await using ground = await Ground.create({ namespace: program.needsNamespace })
      const [source, target] = [await ground.folder('source'), await ground.folder('target')]
      const torrent = await torrentOf(smallPieces, source, version)
      const seed = await program.seed(ground, { torrent, directory: source })
      const leech = await torrential.leech(ground, { torrent, directory: target, peers: [seed.address] })
      await leech.done()
      await leech.stop()
      await comparePayload(smallPieces, target)
    })
  })
}

await suiteWith([libtorrent], 'a hybrid tree of ours and libtorrent', () => {
  test('we download it from libtorrent, and no padding is on our disk', async () => {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    const torrent = await torrentOf(manyFiles, source, 'hybrid')
    const seed = await libtorrent.seed(ground, { torrent, directory: source })
    const leech = await torrential.leech(ground, { torrent, directory: target, peers: [seed.address] })
    await leech.done()
    await leech.stop()
    await comparePayload(manyFiles, target)
  })
})

async function torrentOf(payload: Payload, folder: string, version: MetainfoVersion): Promise<Uint8Array> {
  await writePayload(payload, folder)
  const { name, pieceLength } = payload
  // An executable among them, so that the torrent has attributes.
  await chmod(join(folder, name, payload.files?.at(1)?.path ?? ''), 0o755)
  return createTorrent(join(folder, name), { version, pieceLength }).result
}
