import { fromHex, type InfoHash, infoHashFrom } from '@torrential/primitives'
import { expect, test } from '@jest/globals'
import type { Torrent } from '../src/torrent.ts'
import { TorrentIndex } from '../src/torrent-index.ts'

const torrent = (name: string) => ({ name }) as Torrent
const hash = (digits: string): InfoHash => infoHashFrom(fromHex(digits.repeat(20)))

test('a torrent is found by every name that was learned of it, and by none after it has gone', () => {
  const index = new TorrentIndex()
  const [a, b] = [torrent('a'), torrent('b')]
  index.add(a, { infoHashV1: hash('aa') })
  index.add(a, { infoHashV1: hash('ab') })
  index.add(b, { infoHashV1: hash('bb') })
  expect([index.get('aa'.repeat(20)), index.get('ab'.repeat(20)), index.size]).toEqual([a, a, 2])
  index.delete(a)
  expect([index.get('aa'.repeat(20)), index.get('ab'.repeat(20)), index.get('bb'.repeat(20))]).toEqual([
    undefined,
    undefined,
    b,
  ])
  expect(index.all).toEqual([b])
})

test('a name that another torrent has taken stays with it', () => {
  const index = new TorrentIndex()
  const [a, b] = [torrent('a'), torrent('b')]
  index.add(a, { infoHashV1: hash('aa') })
  index.add(b, { infoHashV1: hash('aa') })
  index.delete(a)
  expect(index.get('aa'.repeat(20))).toBe(b)
})

test('who says nothing of others is asked about those alone that do', () => {
  const index = new TorrentIndex()
  const [a, b, c] = [torrent('a'), torrent('b'), torrent('c')]
  index.add(a, { infoHashV1: hash('aa') })
  index.add(b, { infoHashV1: hash('bb'), collections: ['x'] })
  index.add(c, { infoHashV1: hash('cc'), similar: [hash('aa')], collections: [] })
  expect([...index.relatives(a, { similar: [], collections: [] })]).toEqual([b, c])
  expect([...index.relatives(b, { collections: ['x'] })]).toEqual([a, c])
  index.delete(c)
  expect([...index.relatives(a, {})]).toEqual([b])
})
