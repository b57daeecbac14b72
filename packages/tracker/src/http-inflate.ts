// Content-Encoding of replies. Invariant: never more than `limit` bytes come into being, whatever the compressed bytes claim.

import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import type { ErrorDetails } from '@torrential/primitives'
import { trackerError } from './tracker-error.ts'

const decoders = {
  gzip: promisify(gunzip),
  zlib: promisify(inflate),
  raw: promisify(inflateRaw),
} as const

/** @throws SourceError `TRACKER_TOO_LARGE` above `limit` bytes, `TRACKER_REPLY` for junk and unknown encodings */
export async function inflateBody(
  url: URL,
  body: Uint8Array,
  encoding: string | undefined,
  limit: number,
  details: ErrorDetails,
): Promise<Uint8Array> {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity' || body.length === 0) return body
  const format = formatOf(name, body)
  if (format === undefined) throw trackerError('TRACKER_REPLY', url, 'unknown content encoding', details)
  try {
    return await decoders[format](body, { maxOutputLength: limit })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw trackerError('TRACKER_TOO_LARGE', url, `the reply inflates to more than ${limit} bytes`, details)
    }
    throw trackerError('TRACKER_REPLY', url, 'the compressed reply is damaged', { ...details, cause: error })
  }
}

/** `deflate` means zlib's format, but servers that send the raw one are as old as the header. */
function formatOf(name: string, body: Uint8Array): keyof typeof decoders | undefined {
  if (name === 'gzip' || name === 'x-gzip') return 'gzip'
  if (name !== 'deflate') return undefined
  return ((body[0] as number) & 0x0f) === 8 && (((body[0] as number) << 8) | (body[1] ?? 0)) % 31 === 0 ? 'zlib' : 'raw'
}
