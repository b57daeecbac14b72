// v2 and hybrid torrents: what is written, and that it is what libtorrent writes. Its fixtures have been made with create_torrent.

import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { validate } from '@torrential/bencode'
import { Geometry, toLatin1 } from '@torrential/primitives'
import { array, assert, constantFrom, integer, property, uniqueArray } from 'fast-check'
import {
  arrangeFiles,
  buildTorrent,
  createVerifier,
  digestPlan,
  HASH_LENGTH,
  merkleLeafCounts,
  merkleRoot,
  type Metainfo,
  type MetainfoVersion,
  parseTorrent,
  type TorrentInput,
  type TorrentInputFile,
} from '../src/index.ts'
import { codeOf, fixture } from './support.ts'

const KiB = 1024
const versions: readonly MetainfoVersion[] = ['v1', 'v2', 'hybrid']

/** Bytes of a file that follow from its path. */
function contentOf({ path, length }: TorrentInputFile): Buffer {
  return createHash('shake256', { outputLength: Math.max(1, length) })
    .update(path.join('/'))
    .digest()
    .subarray(0, length)
}

function sha(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(bytes).digest())
}

/** The pieces of a torrent as their definition has them, padding included; for v2 each file's own. */
function piecesOf(version: MetainfoVersion, files: readonly TorrentInputFile[], pieceLength: number): Buffer[] {
  const arranged = arrangeFiles(files, { version, pieceLength })
  const parts = arranged.map(({ file, length }) => (file === undefined ? Buffer.alloc(length) : contentOf(file)))
  const cut = (bytes: Buffer) =>
    Array.from({ length: Math.ceil(bytes.length / pieceLength) }, (_, i) =>
      bytes.subarray(i * pieceLength, (i + 1) * pieceLength),
    )
  return version === 'v2' ? parts.flatMap(cut) : cut(Buffer.concat(parts))
}

/** Merkle root of a piece with its leaves in full. */
function naiveRoot(piece: Uint8Array, leaves: number): Uint8Array {
  const row = new Uint8Array(leaves * HASH_LENGTH)
  for (let i = 0; i * 16 * KiB < piece.length; i++) {
    row.set(sha('sha256', piece.subarray(i * 16 * KiB, (i + 1) * 16 * KiB)), i * HASH_LENGTH)
  }
  return merkleRoot(row)
}

function inputOf(
  version: MetainfoVersion,
  files: readonly TorrentInputFile[],
  pieceLength: number,
  more: Partial<TorrentInput> = {},
): TorrentInput {
  const v1Pieces = version === 'v2' ? [] : piecesOf(version, files, pieceLength)
  const v2Pieces = version === 'v1' ? [] : piecesOf('v2', files, pieceLength)
  const arranged = arrangeFiles(files, { version: 'v2', pieceLength })
  const leaves = version === 'v1' ? new Uint32Array() : merkleLeafCounts(new Geometry('v2', pieceLength, arranged))
  return {
    version,
    name: 'n',
    files,
    multiFile: true,
    pieceLength,
    ...(version !== 'v2' && { pieceHashes: Buffer.concat(v1Pieces.map((piece) => sha('sha1', piece))) }),
    ...(version !== 'v1' && {
      pieceRoots: Buffer.concat(v2Pieces.map((piece, i) => naiveRoot(piece, leaves[i] ?? 0))),
    }),
    ...more,
  }
}

/** What went into a torrent, read back from it; the merkle roots from its v2 twin. */
function rebuild(metainfo: Metainfo, twin: Metainfo): Uint8Array {
  const { version, name, isMultiFile, geometry, pieceHashes } = metainfo
  const files = metainfo.files
    .filter(({ pad }) => !pad)
    .map(({ path, length, executable, hidden }) => ({ path: path.split('/').slice(1), length, executable, hidden }))
  return buildTorrent({
    version,
    name,
    files,
    multiFile: isMultiFile,
    pieceLength: geometry.pieceLength,
    ...(pieceHashes && { pieceHashes }),
    ...(version !== 'v1' && { pieceRoots: digestPlan(twin).digests }),
  })
}

describe('buildTorrent', () => {
  test.each(['multi', 'single', 'tiny'].flatMap((what) => versions.map((version) => [what, version])))(
    'gives the info dictionary of libtorrent for %s in %s, byte for byte, and its piece layers',
    (what, version) => {
      const theirs = parseTorrent(fixture(`${what}-${version}`))
      const ours = parseTorrent(rebuild(theirs, parseTorrent(fixture(`${what}-v2`))))
      expect(toLatin1(ours.infoBytes)).toBe(toLatin1(theirs.infoBytes))
      expect([...ours.pieceLayers.keys()]).toEqual([...theirs.pieceLayers.keys()])
    },
  )

  test('any tree gives a canonical torrent that parses to itself, and whose verifier knows its pieces', () => {
    const path = array(constantFrom('a', 'a-', 'a.b', 'b', 'ä', '😀', '￿'), { minLength: 1, maxLength: 3 })
    const lengths = constantFrom(0, 0, 1, 5, 16 * KiB - 1, 16 * KiB, 16 * KiB + 1, 40_000, 65_536, 150_000)
    const paths = uniqueArray(path, { minLength: 1, maxLength: 8, selector: (elements) => elements[0] })
    assert(
      property(
        constantFrom(...versions),
        constantFrom(16 * KiB, 64 * KiB),
        paths,
        array(lengths, { minLength: 8 }),
        integer(),
        (version, pieceLength, tree, sizes, flags) => {
          const files = tree.map((elements, i) => ({
            path: elements,
            length: sizes[i] ?? 0,
            executable: (flags & (1 << i)) !== 0,
          }))
          if (files.every(({ length }) => length === 0)) return
          const bytes = buildTorrent(inputOf(version, files, pieceLength))
          expect(validate(bytes)).toBe(bytes.length)
          const metainfo = parseTorrent(bytes)
          const own = metainfo.files.filter(({ pad }) => !pad)
          const wanted = arrangeFiles(files, { version, pieceLength }).filter(({ pad }) => !pad)
          expect(own.map(({ path: at, length, executable }) => [at, length, executable])).toEqual(
            wanted.map(({ file }) => [`n/${file?.path.join('/')}`, file?.length, file?.executable]),
          )
          const verifier = createVerifier(metainfo)
          const pieces = piecesOf(version, files, pieceLength)
          expect(metainfo.geometry.pieceCount).toBe(pieces.length)
          for (const [i, piece] of pieces.entries()) {
            const index = metainfo.geometry.piece(i)
            expect(index !== undefined && verifier.verify(index, [piece])).toBe(true)
          }
        },
      ),
      { numRuns: 150, seed: 3 },
    )
  }, 60_000)

  test('writes attributes, links and relations as BEP 47 and 38 have them', () => {
    const files: TorrentInputFile[] = [
      { path: ['run'], length: 5, executable: true },
      { path: ['d', 'link'], length: 0, symlink: ['run'], executable: true },
      { path: ['h'], length: 0, hidden: true, executable: true },
    ]
    for (const version of versions) {
      const more = { similar: [new Uint8Array(20).fill(1)], collections: ['c'], private: true, source: 's' }
      const metainfo = parseTorrent(buildTorrent(inputOf(version, files, 16 * KiB, more)))
      expect(metainfo).toMatchObject(more)
      const found = new Map(metainfo.files.map((file) => [file.path, file]))
      expect(found.get('n/run')).toMatchObject({ executable: true, hidden: false })
      expect(found.get('n/d/link')).toMatchObject({ symlink: 'n/run', length: 0, executable: true })
      expect(found.get('n/h')).toMatchObject({ executable: true, hidden: true })
      const text = toLatin1(metainfo.infoBytes)
      if (version !== 'v2') expect(text).toContain('d4:attr2:xl6:lengthi0e4:pathl1:d4:linke12:symlink pathl3:runee')
      if (version !== 'v1') expect(text).toContain('4:linkd0:d4:attr2:xl12:symlink pathl3:runeee')
    }
  })

  test('a folder with one file of its own name is told apart by the list of v1, and refused for v2 alone', () => {
    const files = [{ path: ['n'], length: 5 }]
    for (const version of ['v1', 'hybrid'] as const) {
      const metainfo = parseTorrent(buildTorrent(inputOf(version, files, 16 * KiB)))
      expect(metainfo).toMatchObject({ isMultiFile: true, files: [{ path: 'n/n' }] })
    }
    expect(codeOf(() => buildTorrent(inputOf('v2', files, 16 * KiB)))).toBe('TORRENT_NAME')
  })

  const two = [
    { path: ['a'], length: 5 },
    { path: ['b'], length: 5 },
  ]
  test.each([
    ['TORRENT_PIECE_LENGTH', { pieceLength: 8192 }],
    ['TORRENT_PIECE_LENGTH', { pieceLength: 48 * KiB }],
    ['TORRENT_PIECE_COUNT', { pieceRoots: new Uint8Array(32) }],
    ['TORRENT_PATH', { files: [...two, { path: ['a', 'c'], length: 0 }] }],
    ['TORRENT_PATH', { files: [{ path: ['a', 'c', 'd'], length: 0 }, ...two] }],
    ['TORRENT_SYMLINK', { files: [...two, { path: ['c'], length: 0, symlink: [] }] }],
    ['TORRENT_SYMLINK', { files: [...two, { path: ['c'], length: 0, symlink: ['..', 'a'] }] }],
    ['TORRENT_SYMLINK', { files: [...two, { path: ['c'], length: 1, symlink: ['a'] }] }],
    ['TORRENT_SYMLINK', { files: [{ path: [], length: 0, symlink: ['a'] }], multiFile: false }],
    ['TORRENT_SIMILAR', { similar: [new Uint8Array(21)] }],
    ['TORRENT_EMPTY', { files: [{ path: ['a'], length: 0 }] }],
  ])('refuses with %s: %j', (code, change: Partial<TorrentInput>) => {
    for (const version of ['v2', 'hybrid'] as const) {
      expect(codeOf(() => buildTorrent({ ...inputOf(version, two, 16 * KiB), ...change }))).toBe(code)
    }
  })

  test('needs the hashes of its version', () => {
    const { pieceHashes, pieceRoots, ...rest } = inputOf('hybrid', two, 16 * KiB)
    expect(codeOf(() => buildTorrent({ ...rest, ...(pieceRoots && { pieceRoots }) }))).toBe('TORRENT_PIECE_COUNT')
    expect(codeOf(() => buildTorrent({ ...rest, ...(pieceHashes && { pieceHashes }) }))).toBe('TORRENT_PIECE_COUNT')
  })
})

describe('arrangeFiles', () => {
  const files = ['a.b', 'a/x', 'a-/y', 'Z', 'empty', 'ä'].map((path) => ({
    path: path.split('/'),
    length: path === 'empty' ? 0 : 5,
  }))
  const shown = (version: MetainfoVersion) =>
    arrangeFiles(files, { version, pieceLength: 16_384 }).map(({ path }) => path.join('/'))

  test('keeps the order of v1, and has that of the tree otherwise, element by element', () => {
    expect(shown('v1')).toEqual(['a.b', 'a/x', 'a-/y', 'Z', 'empty', 'ä'])
    expect(shown('v2')).toEqual(['Z', 'a/x', 'a-/y', 'a.b', 'empty', 'ä'])
  })

  test('pads behind every file of a hybrid that does not end on a piece, the last one too', () => {
    const pad = '.pad/16379'
    expect(shown('hybrid')).toEqual(['Z', pad, 'a/x', pad, 'a-/y', pad, 'a.b', pad, 'empty', 'ä', pad])
  })

  test('pads nothing where there is one file only, or where files end on pieces', () => {
    const hybrid = { version: 'hybrid', pieceLength: 16_384 } as const
    expect(arrangeFiles([{ path: ['a'], length: 5 }], hybrid)).toHaveLength(1)
    const even = [16_384, 0, 32_768].map((length, i) => ({ path: [String(i)], length }))
    expect(arrangeFiles(even, hybrid).some(({ pad }) => pad)).toBe(false)
  })
})
