import { describe, expect, test } from '@jest/globals'
import { type InfoHash, type InfoHashV2, peerAddress, toHex } from '@torrential/primitives'
import * as fc from 'fast-check'
import { formatMagnet, type MagnetParts, parseMagnet, parseTorrent } from '../src/index.ts'
import { codeOf, expected, FIXTURES, fixture } from './support.ts'

const V1 = 'c344a3ce02b06716a515e59a0277524d202cbba2'
const V2 = '8d9a5f3c'.repeat(8)
const link = (rest: string) => parseMagnet(`magnet:?xt=urn:btih:${V1}${rest}`)
const refused = (uri: string) => codeOf(() => parseMagnet(uri))

describe('parseMagnet', () => {
  test.each(FIXTURES)('reads the link that libtorrent writes for %s', (name) => {
    const { infoHashV1, infoHashV2, magnet } = expected(name)
    const { infoHash: _, ...parsed } = parseMagnet(magnet)
    const { trackers, webSeeds } = parseTorrent(fixture(name))
    expect(parsed.infoHashV1 ? toHex(parsed.infoHashV1) : null).toBe(infoHashV1)
    expect(parsed.infoHashV2 ? toHex(parsed.infoHashV2) : null).toBe(infoHashV2)
    expect([parsed.trackers, parsed.webSeeds]).toEqual([trackers.flat(), webSeeds])
  })

  test('takes hexadecimal and base32 of any case for the same infohash', () => {
    const base32 = 'YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C'
    const spellings = [V1, V1.toUpperCase(), base32, base32.toLowerCase()]
    for (const spelling of spellings) expect(toHex(parseMagnet(`magnet:?xt=urn:btih:${spelling}`).infoHash)).toBe(V1)
    expect(toHex(parseMagnet(`MAGNET:?XT=urn%3ABTIH%3A${V1}`).infoHash)).toBe(V1)
  })

  test('names the swarm by v1 when both are there, else by the start of v2', () => {
    const both = parseMagnet(`magnet:?xt=urn:btmh:1220${V2}&xt=urn:btih:${V1}`)
    expect([toHex(both.infoHash), toHex(both.infoHashV2 ?? new Uint8Array())]).toEqual([V1, V2])
    const v2 = parseMagnet(`magnet:?xt=urn:btmh:1220${V2}`)
    expect([toHex(v2.infoHash), 'infoHashV1' in v2]).toEqual([V2.slice(0, 40), false])
  })

  test('reads the rest, and leaves out what makes no sense', () => {
    const {
      infoHash: _,
      infoHashV1: __,
      ...rest
    } = link(
      '&dn=a+b%2F..%2Fc&xl=12&tr=udp%3A%2F%2Ft.example%3A1&tr.2=http://u.example/&tr=nonsense&tr=%ff&tr=udp://t.example:1' +
        '&ws=http://w.example/&ws=file:///x&x.pe=1.2.3.4:5&x.pe=[2001:DB8::1]:6&x.pe=Peer.Example:7&x.pe=1.2.3:4' +
        '&x.pe=1.2.3.4:0&x.pe=a.example:65536&x.pe=1.2.3.4:5&xs=whatever&foo&=&xt=urn:ed2k:31',
    )
    expect(rest).toEqual({
      name: 'a b_.._c',
      length: 12,
      trackers: ['udp://t.example:1', 'http://u.example/'],
      webSeeds: ['http://w.example/'],
      peers: [peerAddress('1.2.3.4', 5), peerAddress('2001:db8::1', 6)],
      namedPeers: [{ host: 'peer.example', port: 7 }],
      select: [],
    })
  })

  test.each([
    ['so=0', [{ start: 0, end: 1 }]],
    [
      'so=0,2,4-6',
      [
        { start: 0, end: 1 },
        { start: 2, end: 3 },
        { start: 4, end: 7 },
      ],
    ],
    [
      'so=5-9,0-2,3',
      [
        { start: 0, end: 4 },
        { start: 5, end: 10 },
      ],
    ],
    ['so=3-8&so=4-5', [{ start: 3, end: 9 }]],
  ])('reads %s as half-open ranges, sorted and joined (BEP 53)', (so, select) => {
    expect(link(`&${so}`).select).toEqual(select)
  })

  test.each(['so=', 'so=1-', 'so=-1', 'so=3-1', 'so=a', 'so=1,,2', 'so=10000000', 'so=0-99999999', 'so=1e3', 'so=%'])(
    'refuses the selection %s, since ignoring it would download everything',
    (so) => {
      expect(codeOf(() => link(`&${so}`))).toBe('MAGNET_SELECT')
    },
  )

  test.each([
    ['', 'MAGNET_URI'],
    ['http://x.example', 'MAGNET_URI'],
    ['magnet:', 'MAGNET_URI'],
    ['magnet:?', 'MAGNET_INFOHASH_MISSING'],
    ['magnet:?dn=x', 'MAGNET_INFOHASH_MISSING'],
    ['magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C', 'MAGNET_INFOHASH_MISSING'],
    ['magnet:?xt=urn:btih:', 'MAGNET_INFOHASH'],
    [`magnet:?xt=urn:btih:${V1}0`, 'MAGNET_INFOHASH'],
    ['magnet:?xt=urn:btih:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO51', 'MAGNET_INFOHASH'],
    [`magnet:?xt=urn:btmh:1120${V2}`, 'MAGNET_INFOHASH'],
    [`magnet:?xt=urn:btmh:1220${V2}00`, 'MAGNET_INFOHASH'],
    [`magnet:?xt=urn:btih:${V1}&xt=urn:btih:${'0'.repeat(40)}`, 'MAGNET_INFOHASH_CONFLICT'],
    [`magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(65_536)}`, 'MAGNET_SIZE'],
    [`magnet:?xt=urn:btih:${V1}&so=${'1,'.repeat(1001)}1`, 'MAGNET_ENTRIES'],
  ])('refuses %.60s with %s', (uri, code) => {
    expect(refused(uri)).toBe(code)
  })

  test('refuses what is no text', () => {
    expect(refused(5 as unknown as string)).toBe('MAGNET_URI')
  })

  test('keeps at most maxEntries of each kind', () => {
    const many = (kind: string, value: (i: number) => string) =>
      Array.from({ length: 50 }, (_, i) => `&${kind}=${value(i)}`).join('')
    const uri = `magnet:?xt=urn:btih:${V1}${many('tr', (i) => `udp://h${i}:1`)}${many('ws', (i) => `http://h${i}/`)}${many('x.pe', (i) => `10.0.0.${i}:1`)}`
    const { trackers, webSeeds, peers } = parseMagnet(uri, { limits: { maxEntries: 9 } })
    expect([trackers.length, webSeeds.length, peers.length]).toEqual([9, 9, 9])
  })

  test('is linear in the length of what it is given', () => {
    for (const text of ['&', '&a', '&tr=', '.1', '%', '-a.', '&x.pe=a-a-a-a']) {
      const uri = `magnet:?xt=urn:btih:${V1}&x.pe=${text.repeat(60_000 / text.length)}`
      expect(parseMagnet(uri).trackers).toEqual([])
    }
  })
})

describe('formatMagnet', () => {
  test('writes the same parts always the same way', () => {
    const { infoHashV1, infoHashV2 } = parseMagnet(`magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}`)
    const parts: MagnetParts = {
      ...(infoHashV1 && { infoHashV1 }),
      ...(infoHashV2 && { infoHashV2 }),
      name: 'a b&c',
      length: 5,
      trackers: ['udp://t.example:1/?a=b&c'],
      webSeeds: ['http://w.example/ü'],
      peers: [peerAddress('1.2.3.4', 5), peerAddress('::1', 6)],
      namedPeers: [{ host: 'p.example', port: 7 }],
      select: [
        { start: 0, end: 1 },
        { start: 4, end: 7 },
      ],
    }
    expect(formatMagnet(parts)).toBe(
      `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}&dn=a%20b%26c&xl=5&tr=udp%3A%2F%2Ft.example%3A1%2F%3Fa%3Db%26c` +
        '&ws=http%3A%2F%2Fw.example%2F%C3%BC&x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=p.example:7&so=0,4-6',
    )
  })

  test('makes the link of a torrent', () => {
    const metainfo = parseTorrent(fixture('multi-hybrid'))
    const parsed = parseMagnet(formatMagnet({ ...metainfo, trackers: metainfo.trackers.flat() }))
    expect(parsed).toMatchObject({
      infoHash: metainfo.infoHash,
      infoHashV2: metainfo.infoHashV2,
      name: 'multi',
      length: metainfo.length,
    })
  })

  test('refuses parts without an infohash, and impossible ranges', () => {
    expect(codeOf(() => formatMagnet({ name: 'x' }))).toBe('MAGNET_INFOHASH_MISSING')
    const { infoHashV1 } = link('')
    for (const range of [
      { start: 1, end: 1 },
      { start: -1, end: 1 },
      { start: 0.5, end: 2 },
    ]) {
      expect(codeOf(() => formatMagnet({ ...(infoHashV1 && { infoHashV1 }), select: [range] }))).toBe('MAGNET_SELECT')
    }
  })

  test('is undone by parseMagnet', () => {
    const url = (scheme: string) => fc.webPath().map((path) => `${scheme}://host.example${path}`)
    const parts = fc.record({
      infoHashV1: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => bytes as InfoHash),
      infoHashV2: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes as InfoHashV2),
      name: fc.string({ unit: 'binary', minLength: 1 }),
      length: fc.maxSafeNat(),
      trackers: fc.uniqueArray(url('udp'), { maxLength: 3 }),
      webSeeds: fc.uniqueArray(url('https'), { maxLength: 3 }),
    })
    const property = fc.property(parts, (input) => {
      const { infoHash, name, ...rest } = parseMagnet(formatMagnet(input))
      const { name: _, ...wanted } = input
      expect(rest).toEqual({ ...wanted, peers: [], namedPeers: [], select: [] })
      expect(infoHash).toEqual(input.infoHashV1)
      if (name !== undefined) expect(parseMagnet(formatMagnet({ ...input, name })).name).toBe(name)
    })
    expect(() => fc.assert(property, { seed: 5, numRuns: 300 })).not.toThrow()
  })
})
