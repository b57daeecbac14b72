// What several tests of this package need: fixtures, torrents made from parts, errors as codes.

import { readFileSync } from 'node:fs'
import { type BencodeDict, type BencodeValue, decodeDict, type Encodable, encode } from '@torrential/bencode'
import { fromLatin1, fromUtf8, isTorrentialError, toLatin1 } from '@torrential/primitives'
import { parseTorrent, type ParseOptions } from '../src/index.ts'

export const FIXTURES = ['multi', 'single', 'tiny'].flatMap((what) =>
  ['v1', 'v2', 'hybrid'].map((version) => `${what}-${version}`),
)

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/${name}.torrent`, import.meta.url)))
}

interface Expected {
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  readonly pieceCount: number
  readonly files: readonly (readonly [string, number])[]
  readonly magnet: string
}

/** What libtorrent says about a fixture. */
export function expected(name: string): Expected {
  const all = JSON.parse(readFileSync(new URL('fixtures/expected.json', import.meta.url), 'utf8')) as Record<
    string,
    Expected
  >
  const one = all[name]
  if (one === undefined) throw new Error(`no fixture ${name}`)
  return one
}

/** The code of the library's error that `action` throws; `'nothing'` when it throws none. Other errors are not caught. */
export function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (isTorrentialError(error)) return error.code
    throw error
  }
  return 'nothing'
}

type Fields = { readonly [key: string]: Encodable | undefined }

/** A one-file v1 torrent of 10 bytes, with the fields of the info dictionary and outside of it changed. */
export function v1(info: Fields = {}, outer: Fields = {}): Uint8Array {
  const base = { length: 10, name: 'a', 'piece length': 16_384, pieces: new Uint8Array(20) }
  return encode({ ...outer, info: { ...base, ...info } })
}

/** A v1 torrent of files of one byte each at `paths`. */
export function multi(paths: readonly (readonly (string | Uint8Array)[])[], info: Fields = {}): Uint8Array {
  return v1({ files: paths.map((path) => ({ length: 1, path })), length: undefined, ...info })
}

/** The safe paths that a torrent of `paths` ends up with. */
export function pathsOf(paths: readonly (readonly (string | Uint8Array)[])[], options: ParseOptions = {}): string[] {
  return parseTorrent(multi(paths), options).files.map(({ path }) => path)
}

/** A fixture with one value changed or removed; `path` are the keys of dictionaries. */
export function changed(name: string, path: readonly string[], value: Encodable | undefined): Uint8Array {
  return encode(replace(decodeDict(fixture(name)), path, value))
}

function replace(dict: BencodeDict, [key = '', ...rest]: readonly string[], value: Encodable | undefined): Encodable {
  const copy = new Map<string, Encodable>(dict)
  const inner = dict.get(key)
  const next = rest.length > 0 && inner instanceof Map ? replace(inner, rest, value) : value
  if (next === undefined) copy.delete(key)
  else copy.set(key, next)
  return copy
}

/** The value at `path` in a fixture. */
export function valueAt(name: string, path: readonly string[]): BencodeValue | undefined {
  let value: BencodeValue | undefined = decodeDict(fixture(name))
  for (const key of path) value = value instanceof Map ? (value.get(key) as BencodeValue | undefined) : undefined
  return value
}

/** A UTF-8 key as `changed` and `valueAt` take it. */
export const key = (text: string): string => toLatin1(fromUtf8(text))

export const bytes = (text: string): Uint8Array => fromLatin1(text)
