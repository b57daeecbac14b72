import { describe, expect, test } from '@jest/globals'
import { decodeDict, decodeWithSpans, encode, validate } from '@torrential/bencode'
import { toLatin1 } from '@torrential/primitives'
import { array, assert, nat, property, tuple } from 'fast-check'
import { editTorrent, parseTorrent, type TorrentChanges } from '../src/index.ts'
import { bytes, changed, codeOf, fixture, FIXTURES, v1, valueAt } from './support.ts'

const every: TorrentChanges = {
  trackers: [['http://a.example/', 'http://b.example/'], ['udp://c.example:1']],
  webSeeds: ['http://w.example/'],
  httpSeeds: ['http://h.example/'],
  comment: 'é',
  createdBy: 'me',
  creationDate: 5,
}

describe('editTorrent', () => {
  test.each(FIXTURES)('changes what it is told in %s and leaves the info dictionary byte for byte', (name) => {
    const before = parseTorrent(fixture(name))
    const edited = editTorrent(fixture(name), every)
    const after = parseTorrent(edited)
    expect(after).toMatchObject({ ...every })
    expect(Buffer.compare(after.infoBytes, before.infoBytes)).toBe(0)
    expect(after.infoHash).toEqual(before.infoHash)
    expect([...after.pieceLayers.keys()]).toEqual([...before.pieceLayers.keys()])
    expect(validate(edited)).toBe(edited.length)
    expect(Buffer.compare(editTorrent(edited, {}), edited)).toBe(0)
  })

  test('removes with null and with empty lists', () => {
    const none: TorrentChanges = {
      trackers: [],
      webSeeds: [],
      httpSeeds: [],
      comment: null,
      createdBy: null,
      creationDate: null,
    }
    const bare = editTorrent(editTorrent(v1(), every), none)
    expect([...decodeDict(bare).keys()]).toEqual(['info'])
  })

  test('keeps what it does not know and what it was not told to change', () => {
    const torrent = v1(
      {},
      { comment: 'old', 'x-unknown': [1, { z: 2n ** 60n }], ['__proto__']: 'data', announce: 'http://t.example/' },
    )
    const after = decodeDict(editTorrent(torrent, { comment: 'new' }))
    const before = new Map(decodeDict(torrent))
    expect(after).toEqual(before.set('comment', bytes('new')))
  })

  test('a new list of trackers replaces both the one and the list, a new comment both spellings', () => {
    const torrent = v1(
      {},
      { announce: 'http://o.example/', 'announce-list': [['http://o.example/'], ['http://p.example/']] },
    )
    const edited = editTorrent(torrent, { trackers: [['http://n.example/']] })
    expect([...decodeDict(edited).keys()]).toEqual(['announce', 'info'])
    expect(parseTorrent(edited).trackers).toEqual([['http://n.example/']])
    const commented = editTorrent(v1({}, { comment: 'a', 'comment.utf-8': 'b' }), { comment: 'c' })
    expect(parseTorrent(commented).comment).toBe('c')
  })

  test('leaves an info dictionary alone that is out of order, and puts the rest in order', () => {
    const info = `d4:name1:a6:lengthi10e12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}e`
    const edited = editTorrent(bytes(`d4:info${info}7:comment1:ae`), { createdBy: 'me' })
    expect(toLatin1(edited)).toBe(`d7:comment1:a10:created by2:me4:info${info}e`)
  })

  test.each([
    ['TORRENT_INFO', encode({ comment: 'a' }), {}],
    ['TORRENT_INFO', encode({ info: 'a' }), {}],
    ['TORRENT_INFO', encode([]), {}],
    ['BENCODE_TRUNCATED', bytes('d4:info'), {}],
    ['TORRENT_SIZE', new Uint8Array(10_000_001), {}],
    ['TORRENT_TRACKER', v1(), { trackers: [['nonsense']] }],
    ['TORRENT_WEB_SEED', v1(), { webSeeds: ['udp://x.example'] }],
    ['TORRENT_WEB_SEED', v1(), { httpSeeds: ['x'] }],
    ['TORRENT_DATE', v1(), { creationDate: -1 }],
  ])('refuses with %s', (code, torrent, changes) => {
    expect(codeOf(() => editTorrent(torrent, changes))).toBe(code)
  })

  test('any change of bytes gives an error of ours or the info dictionary as it was', () => {
    const torrent = fixture('multi-hybrid')
    assert(
      property(
        array(tuple(nat({ max: torrent.length - 1 }), nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (flips) => {
          const mutant = torrent.slice()
          for (const [at, byte] of flips) mutant[at] = byte
          const before = codeOf(() => decodeWithSpans(mutant, { mode: 'lenient' }))
          const after = codeOf(() => {
            const kept = decodeWithSpans(editTorrent(mutant, every)).slice('info')
            expect(kept && toLatin1(kept)).toBe(
              toLatin1(decodeWithSpans(mutant, { mode: 'lenient' }).slice('info') ?? mutant),
            )
          })
          expect([before, 'TORRENT_INFO', 'BENCODE_KEY_ORDER']).toContain(after)
        },
      ),
      { numRuns: 300, seed: 4 },
    )
  })

  test('does not grow slow with the number of keys', () => {
    const keys = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`k${i}`, 0]))
    expect(editTorrent(v1({}, keys), { comment: 'a' }).length).toBeGreaterThan(200_000)
  }, 20_000)
})

describe('relations to other torrents', () => {
  const hash = (fill: number, length = 20) => new Uint8Array(length).fill(fill)

  test('are read from the info dictionary and from outside of it, each once', () => {
    const torrent = v1(
      { similar: [hash(1), hash(2, 32)], collections: ['a', 'b'] },
      { similar: [hash(1), hash(3)], collections: ['b', 'c'] },
    )
    const { similar, collections } = parseTorrent(torrent)
    expect(similar).toEqual([hash(1), hash(2, 32), hash(3)])
    expect(collections).toEqual(['a', 'b', 'c'])
    expect(parseTorrent(v1())).toMatchObject({ similar: [], collections: [] })
  })

  test('are left out where they make no sense, and capped', () => {
    const torrent = v1({ similar: [hash(1, 19), 5, hash(2)], collections: ['', ['x'], 'y', 'z', 'x'.repeat(5000)] })
    expect(parseTorrent(torrent)).toMatchObject({ similar: [hash(2)], collections: ['y', 'z'] })
    expect(parseTorrent(torrent, { limits: { maxUrls: 1 } }).collections).toEqual(['y'])
    expect(parseTorrent(v1({ similar: 'x', collections: {} }))).toMatchObject({ similar: [], collections: [] })
  })

  test('stay when a torrent of another is edited', () => {
    const torrent = changed('tiny-v1', ['similar'], [hash(9)])
    expect(parseTorrent(editTorrent(torrent, every)).similar).toEqual([hash(9)])
    expect(valueAt('tiny-v1', ['similar'])).toBeUndefined()
  })
})
