import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { encode, raw } from '@torrential/bencode'
import { equalBytes, toHex } from '@torrential/primitives'
import { type MetainfoLimits, parseInfo, parseTorrent } from '../src/index.ts'
import { bytes, codeOf, expected, FIXTURES, fixture, multi, v1 } from './support.ts'

const refused = (torrent: Uint8Array, limits: MetainfoLimits = {}) => codeOf(() => parseTorrent(torrent, { limits }))

test('a torrent has at most as many files as the limits say, in the list and in the tree', () => {
  for (const name of ['multi-v1', 'multi-v2'] as const) {
    const count = parseTorrent(fixture(name)).files.length
    expect(count).toBeGreaterThan(1)
    expect(parseTorrent(fixture(name), { limits: { maxFiles: count } }).files).toHaveLength(count)
    expect(codeOf(() => parseTorrent(fixture(name), { limits: { maxFiles: count - 1 } }))).toBe('TORRENT_FILE_COUNT')
  }
})

describe('parseTorrent', () => {
  test.each(FIXTURES)('agrees with libtorrent about %s', (name) => {
    const metainfo = parseTorrent(fixture(name))
    const want = expected(name)
    const files = metainfo.files.filter(({ pad }) => !pad).map(({ path, length }) => [path, length])
    expect({
      infoHashV1: metainfo.infoHashV1 ? toHex(metainfo.infoHashV1) : null,
      infoHashV2: metainfo.infoHashV2 ? toHex(metainfo.infoHashV2) : null,
      pieceCount: metainfo.geometry.pieceCount,
      files,
      magnet: want.magnet,
    }).toEqual(want)
    expect(metainfo.version).toBe(name.split('-')[1])
    expect(metainfo.isMultiFile).toBe(name.startsWith('multi'))
    expect(toHex(metainfo.infoHash)).toBe((want.infoHashV1 ?? want.infoHashV2)?.slice(0, 40))
  })

  test('gives every file the index that it has in the geometry, padding included', () => {
    const { files, geometry } = parseTorrent(fixture('multi-hybrid'))
    expect(files.map(({ index, length, pad }) => ({ index, length, pad }))).toEqual(
      geometry.files.map(({ length, pad }, index) => ({ index, length, pad })),
    )
    expect(files.some(({ pad }) => pad)).toBe(true)
  })

  test('reads every field', () => {
    const torrent = v1(
      { private: 1, source: 'here', attr: 'xh', mtime: 5 },
      {
        announce: 'http://ignored.example/',
        'announce-list': [
          ['udp://a.example:1', 'nonsense'],
          ['ftp://b.example'],
          ['wss://c.example', 'udp://a.example:1'],
        ],
        comment: 'Grüße',
        'created by': 'someone',
        'creation date': 1_700_000_000,
        httpseeds: ['http://h.example/'],
        nodes: [['10.0.0.1', 6881], ['dht.example', 1], ['x', 0], ['x', 65_536], ['bad host', 1], 5],
        'url-list': ['https://w.example/', 'file:///etc/passwd', 'http://w.example/a\r\nb', 'https://w.example/'],
      },
    )
    expect(parseTorrent(torrent)).toMatchObject({
      version: 'v1',
      name: 'a',
      isMultiFile: false,
      length: 10,
      private: true,
      source: 'here',
      trackers: [['udp://a.example:1'], ['wss://c.example']],
      comment: 'Grüße',
      createdBy: 'someone',
      creationDate: 1_700_000_000,
      httpSeeds: ['http://h.example/'],
      nodes: [
        { host: '10.0.0.1', port: 6881 },
        { host: 'dht.example', port: 1 },
      ],
      webSeeds: ['https://w.example/'],
      files: [{ index: 0, path: 'a', length: 10, pad: false, executable: true, hidden: true, mtime: 5 }],
    })
  })

  test('leaves out optional fields that make no sense', () => {
    const torrent = v1({ source: 5 }, { announce: 5, comment: ['x'], 'creation date': -1, nodes: 'x', 'url-list': 7 })
    const metainfo = parseTorrent(torrent)
    expect(metainfo).toMatchObject({ trackers: [], webSeeds: [], nodes: [], private: false })
    expect(['comment', 'creationDate', 'source', 'createdBy'].filter((field) => field in metainfo)).toEqual([])
  })

  test('uses announce when the list has nothing usable, and a single web seed without a list', () => {
    const torrent = v1(
      {},
      { announce: 'http://t.example/announce', 'announce-list': [[]], 'url-list': 'http://w.example' },
    )
    expect(parseTorrent(torrent)).toMatchObject({
      trackers: [['http://t.example/announce']],
      webSeeds: ['http://w.example'],
    })
  })

  test('keeps at most maxUrls of each kind', () => {
    const urls = Array.from({ length: 50 }, (_, i) => `http://h${i}.example/`)
    const torrent = v1({}, { 'announce-list': urls.map((url) => [url]), 'url-list': urls, httpseeds: urls })
    const metainfo = parseTorrent(torrent, { limits: { maxUrls: 7 } })
    const counts = [metainfo.trackers, metainfo.webSeeds, metainfo.httpSeeds].map(({ length }) => length)
    expect(counts).toEqual([7, 7, 7])
  })

  test('takes the infohash over the exact bytes of an info dictionary with keys out of order', () => {
    const info = `d6:pieces20:${'x'.repeat(20)}4:name1:a6:lengthi10e12:piece lengthi16384ee`
    const metainfo = parseTorrent(bytes(`d7:comment6:4:info4:info${info}e`))
    expect(toHex(metainfo.infoHash)).toBe(createHash('sha1').update(info, 'latin1').digest('hex'))
    expect(metainfo.infoBytes).toEqual(bytes(info))
  })

  test('prefers the UTF-8 spelling of names that old clients wrote beside their own', () => {
    const file = { length: 1, path: [Uint8Array.of(0xe9)], 'path.utf-8': ['é'] }
    const torrent = v1({ files: [file], length: undefined, name: Uint8Array.of(0xfc), 'name.utf-8': 'ü' })
    expect(parseTorrent(torrent).files[0]?.path).toBe('ü/é')
  })

  test('treats keys of Object.prototype as data', () => {
    const torrent = bytes(
      `d9:__proto__d4:infodee4:infod6:lengthi1e4:name9:__proto__12:piece lengthi1e6:pieces20:${'x'.repeat(20)}ee`,
    )
    expect(parseTorrent(torrent).files[0]?.path).toBe('__proto__')
  })
})

describe('parseTorrent refuses', () => {
  const file = { length: 1, path: ['a'] }

  test.each([
    ['no dictionary', encode([]), 'TORRENT_INFO'],
    ['no info', encode({ a: 1 }), 'TORRENT_INFO'],
    ['an info that is a string', encode({ info: 'x' }), 'TORRENT_INFO'],
    ['no name', v1({ name: undefined }), 'TORRENT_NAME'],
    ['an unknown version', v1({ 'meta version': 3 }), 'TORRENT_VERSION'],
    ['a version that is no number', v1({ 'meta version': '2' }), 'TORRENT_VERSION'],
    ['a piece length of zero', v1({ 'piece length': 0 }), 'TORRENT_PIECE_LENGTH'],
    ['a negative piece length', v1({ 'piece length': -1 }), 'TORRENT_PIECE_LENGTH'],
    ['a piece length above 512 MiB', v1({ 'piece length': 2 ** 29 + 1 }), 'TORRENT_PIECE_LENGTH'],
    ['a piece length of 2^63', v1({ 'piece length': 2n ** 63n }), 'TORRENT_PIECE_LENGTH'],
    ['no piece length', v1({ 'piece length': undefined }), 'TORRENT_PIECE_LENGTH'],
    ['no pieces', v1({ pieces: undefined }), 'TORRENT_PIECES'],
    ['pieces of 19 bytes', v1({ pieces: new Uint8Array(19) }), 'TORRENT_PIECES'],
    ['one piece too many', v1({ pieces: new Uint8Array(40) }), 'TORRENT_PIECE_COUNT'],
    ['one piece too few', v1({ length: 16_385 }), 'TORRENT_PIECE_COUNT'],
    ['a length that would need 2^40 pieces', v1({ length: 2 ** 52 }), 'TORRENT_PIECE_COUNT'],
    ['a negative length', v1({ length: -1 }), 'TORRENT_FILE_LENGTH'],
    ['a length of 2^53', v1({ length: 2n ** 53n }), 'TORRENT_FILE_LENGTH'],
    ['no length', v1({ length: undefined }), 'TORRENT_FILE_LENGTH'],
    ['no data', v1({ length: 0, pieces: '' }), 'TORRENT_EMPTY'],
    ['only padding', multi([], { files: [{ ...file, attr: 'p' }] }), 'TORRENT_EMPTY'],
    ['a length and files', v1({ files: [file] }), 'TORRENT_FILES'],
    ['an empty list of files', multi([]), 'TORRENT_FILES'],
    ['files that is a number', v1({ files: 1, length: undefined }), 'TORRENT_FILES'],
    ['a file that is a number', multi([], { files: [1] }), 'TORRENT_FILES'],
    ['a file without a path', multi([], { files: [{ length: 1 }] }), 'TORRENT_PATH'],
    ['an empty path', multi([[]]), 'TORRENT_PATH'],
    ['a path with a number', multi([], { files: [{ length: 1, path: ['a', 1] }] }), 'TORRENT_PATH'],
    ['a path of 101 elements', multi([Array.from({ length: 101 }, () => 'a')]), 'TORRENT_PATH'],
    ['a negative file length', multi([], { files: [file, { ...file, length: -1 }] }), 'TORRENT_FILE_LENGTH'],
  ])('%s', (_, torrent, code) => {
    expect(refused(torrent)).toBe(code)
  })

  test('lengths that add up to 2^53', () => {
    const files = [
      { length: 2 ** 53 - 1, path: ['a'] },
      { length: 1, path: ['b'] },
    ]
    const torrent = v1({ files, length: undefined, 'piece length': 2 ** 29 })
    expect(refused(torrent)).toBe('TORRENT_PIECE_COUNT')
    expect(refused(torrent, { maxPieces: 2 ** 40 })).toBe('TORRENT_TOTAL_LENGTH')
  })

  test('more bytes, levels, values or pieces than the caps', () => {
    const torrent = v1()
    expect(refused(torrent, { maxLength: torrent.length - 1 })).toBe('TORRENT_SIZE')
    expect(refused(torrent, { maxDepth: 1 })).toBe('BENCODE_DEPTH')
    expect(refused(torrent, { maxTokens: 5 })).toBe('BENCODE_TOKENS')
    expect(refused(v1({ length: 40_000, pieces: new Uint8Array(60) }), { maxPieces: 2 })).toBe('TORRENT_PIECE_COUNT')
    expect(refused(v1(), { maxPieceLength: 16_383 })).toBe('TORRENT_PIECE_LENGTH')
  })

  test('malformed bencode, with the code that says what is wrong', () => {
    expect(refused(bytes('l-3:e'))).toBe('BENCODE_SYNTAX')
    expect(refused(bytes('d4:info'))).toBe('BENCODE_TRUNCATED')
    expect(refused(bytes('d4:infode4:infodee'))).toBe('BENCODE_KEY_DUPLICATE')
    expect(codeOf(() => parseTorrent('d' as unknown as Uint8Array))).toBe('BENCODE_INPUT')
  })
})

describe('symbolic links (BEP 47)', () => {
  const link = (target: readonly string[], extra = {}) => ({
    length: 0,
    path: ['link'],
    attr: 'l',
    'symlink path': target,
    ...extra,
  })
  const parse = (entry: object) =>
    parseTorrent(multi([], { files: [{ length: 1, path: ['dir', 'a:b'] }, { ...entry }] }))

  test('keep their target, written like a path', () => {
    expect(parse(link(['dir', 'a:b'])).files[1]).toMatchObject({ path: 'a/link', symlink: 'a/dir/a_b', length: 0 })
  })

  test.each([
    [['..', 'x']],
    [['dir', '..', '..', 'x']],
    [['']],
    [['/etc']],
    [['a\\b']],
    [['C:', 'x']],
    [['.']],
    [['a\0']],
    [[]],
  ])('are refused when the target is %j', (target) => {
    expect(codeOf(() => parse(link(target)))).toBe('TORRENT_SYMLINK')
  })

  test('are refused without a target or with a length', () => {
    expect(codeOf(() => parse(link(['dir'], { 'symlink path': 5 })))).toBe('TORRENT_SYMLINK')
    expect(codeOf(() => parse(link(['dir'], { length: 5 })))).toBe('TORRENT_SYMLINK')
  })
})

describe('parseInfo', () => {
  test('gives the same torrent as the .torrent, without what lies outside of the info dictionary', () => {
    const whole = parseTorrent(fixture('multi-v1'))
    const part = parseInfo(whole.infoBytes)
    expect(part.infoHash).toEqual(whole.infoHash)
    expect(part.files).toEqual(whole.files)
    expect([part.trackers, part.webSeeds]).toEqual([[], []])
  })

  test('takes trackers, web seeds and piece layers, and its bytes are a .torrent again', () => {
    const whole = parseTorrent(fixture('multi-v2'))
    const { trackers, webSeeds, pieceLayers } = whole
    const part = parseInfo(whole.infoBytes, {
      trackers: [...trackers, ['nonsense']],
      webSeeds: [...webSeeds, 'x'],
      pieceLayers,
    })
    const again = parseTorrent(part.bytes)
    expect([again.trackers, again.webSeeds, again.pieceLayers]).toEqual([trackers, webSeeds, pieceLayers])
    expect(equalBytes(again.infoBytes, whole.infoBytes)).toBe(true)
  })

  test('needs the piece layers of v2 unless told otherwise', () => {
    const { infoBytes } = parseTorrent(fixture('multi-v2'))
    expect(codeOf(() => parseInfo(infoBytes))).toBe('TORRENT_PIECE_LAYER_MISSING')
    expect(parseInfo(infoBytes, { allowMissingPieceLayers: true }).geometry.pieceCount).toBe(10)
  })

  test('refuses anything that is no info dictionary', () => {
    expect(codeOf(() => parseInfo(bytes('le')))).toBe('BENCODE_NOT_DICT')
    expect(codeOf(() => parseInfo(bytes('de')))).toBe('TORRENT_NAME')
    expect(codeOf(() => parseInfo(encode(raw(fixture('multi-v1')))))).toBe('TORRENT_NAME')
    expect(codeOf(() => parseInfo(bytes('dexx')))).toBe('BENCODE_TRAILING')
  })
})
