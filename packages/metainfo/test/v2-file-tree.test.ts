import { describe, expect, test } from '@jest/globals'
import { type Encodable, encode } from '@torrential/bencode'
import { parseTorrent } from '../src/index.ts'
import { bytes, changed, codeOf, fixture, v1 } from './support.ts'

const refused = (torrent: Uint8Array) => codeOf(() => parseTorrent(torrent))

describe('v2 and hybrid', () => {
  const root = (name: string) => parseTorrent(fixture(name)).files.find(({ piecesRoot }) => piecesRoot)?.piecesRoot

  test('give each file with data its root, and each longer than a piece its layer', () => {
    for (const name of ['multi-v2', 'multi-hybrid']) {
      const { files, pieceLayers } = parseTorrent(fixture(name))
      const withData = files.filter(({ length, pad }) => length > 0 && !pad)
      expect(withData.every(({ piecesRoot }) => piecesRoot?.length === 32)).toBe(true)
      expect(files.find(({ length }) => length === 0)?.piecesRoot).toBeUndefined()
      expect(pieceLayers.size).toBe(withData.filter(({ length }) => length > 32_768).length)
    }
  })

  test.each([
    ['a piece length below 16 KiB', ['info', 'piece length'], 8192, 'TORRENT_PIECE_LENGTH'],
    ['a piece length that is no power of two', ['info', 'piece length'], 49_152, 'TORRENT_PIECE_LENGTH'],
    ['no file tree', ['info', 'file tree'], undefined, 'TORRENT_FILE_TREE'],
    ['an empty file tree', ['info', 'file tree'], {}, 'TORRENT_FILE_TREE'],
    ['a tree of empty directories', ['info', 'file tree'], { a: { b: {} } }, 'TORRENT_FILE_TREE'],
    ['a node that is a number', ['info', 'file tree', 'a.bin'], 1, 'TORRENT_FILE_TREE'],
    [
      'a file that is also a directory',
      ['info', 'file tree', 'a.bin', 'x'],
      { '': { length: 0 } },
      'TORRENT_FILE_TREE',
    ],
    ['a tree that is a file', ['info', 'file tree'], { '': { length: 1 } }, 'TORRENT_FILE_TREE'],
    ['padding', ['info', 'file tree', 'a.bin', '', 'attr'], 'p', 'TORRENT_FILE_TREE'],
    [
      'a root of 31 bytes',
      ['info', 'file tree', 'a.bin', '', 'pieces root'],
      new Uint8Array(31),
      'TORRENT_PIECES_ROOT',
    ],
    ['no root', ['info', 'file tree', 'a.bin', '', 'pieces root'], undefined, 'TORRENT_PIECES_ROOT'],
    ['a negative length', ['info', 'file tree', 'a.bin', '', 'length'], -1, 'TORRENT_FILE_LENGTH'],
    [
      'another root than the layer has',
      ['info', 'file tree', 'a.bin', '', 'pieces root'],
      new Uint8Array(32),
      'TORRENT_PIECE_LAYER_MISSING',
    ],
    ['no piece layers', ['piece layers'], undefined, 'TORRENT_PIECE_LAYER_MISSING'],
    ['piece layers that are a list', ['piece layers'], [], 'TORRENT_PIECE_LAYER_MISSING'],
    ['a layer that no file has', ['piece layers', 'x'.repeat(32)], new Uint8Array(64), 'TORRENT_PIECE_LAYER_SURPLUS'],
    ['a layer under a key that is no root', ['piece layers', 'x'], 5, 'TORRENT_PIECE_LAYER_SURPLUS'],
    ...['.', '..', 'a/b', '/etc', 'a\0'].map((name): [string, string[], Encodable, string] => [
      `the name ${JSON.stringify(name)}`,
      ['info', 'file tree', name],
      { '': { length: 0 } },
      'TORRENT_FILE_TREE_NAME',
    ]),
    ['a directory that leads up', ['info', 'file tree', '..'], { x: { '': { length: 0 } } }, 'TORRENT_FILE_TREE_NAME'],
  ])('refuse %s', (_, path, value, code) => {
    expect(codeOf(() => parseTorrent(changed('multi-v2', path, value)))).toBe(code)
  })

  test.each([
    ['one bit changed', (layer: Uint8Array) => layer.map((byte, i) => (i === 40 ? byte ^ 1 : byte)), ''],
    ['a hash missing', (layer: Uint8Array) => layer.subarray(32), '_LENGTH'],
    ['a hash too many', (layer: Uint8Array) => Uint8Array.from([...layer, ...layer.subarray(0, 32)]), '_LENGTH'],
    ['a byte missing', (layer: Uint8Array) => layer.subarray(1), '_LENGTH'],
    ['a number in its place', () => 5, '_MISSING'],
  ])('refuse a piece layer with %s', (_, change: (layer: Uint8Array) => Uint8Array | number, suffix) => {
    for (const name of ['multi-v2', 'multi-hybrid']) {
      const [[hash, layer] = ['', new Uint8Array()]] = parseTorrent(fixture(name)).pieceLayers
      expect(refused(changed(name, ['piece layers', hash], change(layer)))).toBe(`TORRENT_PIECE_LAYER${suffix}`)
    }
  })

  test('refuse one root for files of different lengths, and accept it for files of the same content', () => {
    const leaf = (length: number) => ({ '': { length, 'pieces root': new Uint8Array(32).fill(7) } })
    const torrent = (b: number) =>
      encode({
        info: { 'file tree': { a: leaf(5), b: leaf(b) }, 'meta version': 2, name: 'n', 'piece length': 16_384 },
      })
    expect(refused(torrent(5))).toBe('nothing')
    expect(refused(torrent(6))).toBe('TORRENT_PIECES_ROOT')
  })

  test('refuse names of the tree that are out of order, since the order decides where pieces lie', () => {
    const leaf = (index: number) => `d0:d6:lengthi5e11:pieces root32:${String(index).repeat(32)}ee`
    const torrent = (tree: string) =>
      bytes(`d4:infod9:file treed${tree}e12:meta versioni2e4:name1:n12:piece lengthi16384eee`)
    expect(refused(torrent(`1:a${leaf(1)}1:b${leaf(2)}`))).toBe('nothing')
    expect(refused(torrent(`1:b${leaf(1)}1:a${leaf(2)}`))).toBe('TORRENT_FILE_TREE')
  })

  test('accept missing piece layers only when asked to', () => {
    const torrent = changed('multi-v2', ['piece layers'], undefined)
    expect(parseTorrent(torrent, { allowMissingPieceLayers: true }).pieceLayers.size).toBe(0)
  })

  test.each([
    ['other lengths', ['info', 'file tree', 'a.bin', '', 'length'], 99_999],
    ['another name', ['info', 'file tree', 'b'], { '': { length: 0 } }],
    ['one file less in v2', ['info', 'file tree', 'empty.txt'], undefined],
    ['no padding', ['info', 'files'], [{ length: 10, path: ['a.bin'] }]],
  ])('refuse a hybrid with %s', (_, path, value) => {
    expect(refused(changed('multi-hybrid', path, value))).toBe('TORRENT_HYBRID')
  })

  test('refuse a hybrid that is a single file in one version only', () => {
    expect(refused(changed('single-hybrid', ['info', 'name'], 'other'))).toBe('TORRENT_HYBRID')
  })

  test('refuse a hybrid whose files do not start on a piece', () => {
    const files = [
      { length: 10, path: ['a'] },
      { length: 10, path: ['b'] },
    ]
    const tree = {
      a: { '': { length: 10, 'pieces root': new Uint8Array(32) } },
      b: { '': { length: 10, 'pieces root': new Uint8Array(32) } },
    }
    const torrent = v1({ files, length: undefined, 'file tree': tree, 'meta version': 2 })
    expect(() => parseTorrent(torrent)).toThrow(expect.objectContaining({ code: 'TORRENT_HYBRID' }))
  })

  test('find a v2 torrent of one file to be a single file only when it has the name of the torrent', () => {
    expect(parseTorrent(fixture('tiny-v2'))).toMatchObject({ isMultiFile: false, files: [{ path: 'tiny.bin' }] })
    const renamed = changed('tiny-v2', ['info', 'name'], 'folder')
    expect(parseTorrent(renamed)).toMatchObject({ isMultiFile: true, files: [{ path: 'folder/tiny.bin' }] })
    expect(root('tiny-v2')).toHaveLength(32)
  })
})
