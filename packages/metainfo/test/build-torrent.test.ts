import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { validate } from '@torrential/bencode'
import { toLatin1 } from '@torrential/primitives'
import { buildTorrent, choosePieceLength, parseTorrent, type TorrentInput } from '../src/index.ts'
import { codeOf, fixture } from './support.ts'

const input: TorrentInput = {
  name: 'n',
  files: [
    { path: ['a'], length: 16_384 },
    { path: ['b', 'c'], length: 0 },
    { path: ['b', 'd'], length: 1 },
  ],
  multiFile: true,
  pieceLength: 16_384,
  pieceHashes: new Uint8Array(40),
}

describe('buildTorrent', () => {
  test('writes exactly these bytes, and the same ones each time', () => {
    const full: TorrentInput = {
      name: 'n',
      files: [{ path: [], length: 3 }],
      multiFile: false,
      pieceLength: 16_384,
      pieceHashes: new Uint8Array(20).fill(0x78),
      trackers: [['http://a.example/', 'http://b.example/'], ['udp://c.example:1']],
      webSeeds: ['http://w.example/'],
      private: true,
      comment: 'é',
      createdBy: 'me',
      creationDate: 5,
      source: 's',
    }
    const want =
      'd8:announce17:http://a.example/13:announce-listll17:http://a.example/17:http://b.example/el17:udp://c.example:1ee' +
      '7:comment2:\xc3\xa910:created by2:me13:creation datei5e4:infod6:lengthi3e4:name1:n12:piece lengthi16384e' +
      `6:pieces20:${'x'.repeat(20)}7:privatei1e6:source1:se8:url-listl17:http://w.example/ee`
    expect(toLatin1(buildTorrent(full))).toBe(want)
    expect(buildTorrent({ ...full })).toEqual(buildTorrent(full))
  })

  test('gives a canonical torrent that parses to what went in', () => {
    const bytes = buildTorrent({ ...input, trackers: [['http://a.example/']] })
    expect(validate(bytes)).toBe(bytes.length)
    expect(parseTorrent(bytes)).toMatchObject({
      version: 'v1',
      isMultiFile: true,
      private: false,
      trackers: [['http://a.example/']],
      files: [
        { path: 'n/a', length: 16_384 },
        { path: 'n/b/c', length: 0 },
        { path: 'n/b/d', length: 1 },
      ],
    })
    expect(toLatin1(bytes)).not.toContain('announce-list')
    expect(toLatin1(bytes)).not.toContain('private')
  })

  test('gives the infohash that libtorrent gives for the same info dictionary', () => {
    const theirs = parseTorrent(fixture('multi-v1'))
    const files = theirs.files.map(({ path, length }) => ({ path: path.split('/').slice(1), length }))
    const { name, geometry, pieceHashes = new Uint8Array() } = theirs
    const ours = buildTorrent({ name, files, multiFile: true, pieceLength: geometry.pieceLength, pieceHashes })
    expect(parseTorrent(ours).infoHash).toEqual(theirs.infoHash)
    const digest = createHash('sha1').update(parseTorrent(ours).infoBytes).digest()
    expect(new Uint8Array(digest)).toEqual(theirs.infoHash)
  })

  test.each([
    ['TORRENT_NAME', { name: '' }],
    ['TORRENT_NAME', { name: '..' }],
    ['TORRENT_NAME', { name: 'a/b' }],
    ['TORRENT_FILES', { files: [] }],
    ['TORRENT_FILES', { multiFile: false }],
    ['TORRENT_PATH', { files: [{ path: [], length: 1 }] }],
    ['TORRENT_PATH', { files: [{ path: ['..'], length: 1 }] }],
    ['TORRENT_PATH', { files: [{ path: ['a/b'], length: 1 }] }],
    ['TORRENT_PATH', { files: [{ path: ['a\0'], length: 1 }] }],
    ['TORRENT_PATH', { files: [...input.files, { path: ['a'], length: 1 }] }],
    ['TORRENT_PIECE_LENGTH', { pieceLength: 0 }],
    ['TORRENT_PIECE_LENGTH', { pieceLength: 1.5 }],
    ['TORRENT_FILE_LENGTH', { files: [{ path: ['a'], length: -1 }] }],
    ['TORRENT_FILE_LENGTH', { files: [{ path: ['a'], length: Number.NaN }] }],
    ['TORRENT_PIECE_COUNT', { pieceHashes: new Uint8Array(39) }],
    ['TORRENT_PIECE_COUNT', { files: [{ path: ['a'], length: 2 ** 50 }] }],
    ['TORRENT_EMPTY', { files: [{ path: ['a'], length: 0 }], pieceHashes: new Uint8Array() }],
    ['TORRENT_TRACKER', { trackers: [['ftp://x.example']] }],
    ['TORRENT_TRACKER', { trackers: [['nonsense']] }],
    ['TORRENT_WEB_SEED', { webSeeds: ['udp://x.example'] }],
    ['TORRENT_DATE', { creationDate: 1.5 }],
    ['TORRENT_DATE', { creationDate: -1 }],
  ])('refuses with %s: %j', (code, change) => {
    expect(codeOf(() => buildTorrent({ ...input, ...change }))).toBe(code)
  })
})

describe('choosePieceLength', () => {
  const KiB = 1024
  const GiB = KiB ** 3

  test.each([
    [0, 16 * KiB],
    [1, 16 * KiB],
    [2000 * 16 * KiB, 16 * KiB],
    [2000 * 16 * KiB + 1, 32 * KiB],
    [GiB, 1024 * KiB],
    [1024 * GiB, 16 * KiB * KiB],
    [32 * 1024 * GiB, 32 * KiB * KiB],
  ])('of %i bytes is %i', (total, length) => {
    expect(choosePieceLength(total)).toBe(length)
  })
})
