import { describe, expect, test } from '@jest/globals'
import { toLatin1 } from '@torrential/primitives'
import { decode, decodeWithSpans, isDict } from '../src/index.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

describe('a value that is kept apart', () => {
  const torrent = bytes('d1:ai1e4:infod5:filesld1:xi1eei7ee4:name3:fooe1:zd5:filesi3eee')

  test('is not in the dictionary, only at that very path, and its span is known', () => {
    const { value, slice, span } = decodeWithSpans(torrent, { apart: ['info', 'files'] })
    const info = isDict(value) ? value.get('info') : undefined
    expect(isDict(info) && [...info.keys()]).toEqual(['name'])
    expect(isDict(value) && value.get('z')).toEqual(new Map([['files', 3]]))
    expect(toLatin1(slice('info', 'files') as Uint8Array)).toBe('ld1:xi1eei7ee')
    expect(toLatin1(slice('info') as Uint8Array)).toBe('d5:filesld1:xi1eei7ee4:name3:fooe')
    expect(toLatin1(slice('info', 'name') as Uint8Array)).toBe('3:foo')
    expect([span('info', 'none'), span('none'), span()]).toEqual([
      undefined,
      undefined,
      { start: 0, end: torrent.length },
    ])
  })

  test('may be missing, or its dictionary, or no dictionary', () => {
    for (const text of ['de', 'd4:infodee', 'd4:infoi1ee', 'le', 'i1e', 'd4:infol5:filesee']) {
      const { value, slice } = decodeWithSpans(bytes(text), { apart: ['info', 'files'] })
      expect(value).toEqual(decode(bytes(text)))
      expect(slice('info', 'files')).toBeUndefined()
    }
  })

  test('may be of any kind and the last of its dictionary', () => {
    for (const inner of ['i5e', '3:abc', 'de', 'le', 'd5:filesi1ee']) {
      const { value, slice } = decodeWithSpans(bytes(`d5:files${inner}e`), { apart: ['files'] })
      expect(value).toEqual(new Map())
      expect(toLatin1(slice('files') as Uint8Array)).toBe(inner)
    }
  })
})
