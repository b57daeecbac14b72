// Which version a new torrent is of, as --v1, --v2 and --hybrid say it.

import type { MetainfoVersion } from '@torrential/metainfo'

/** At most one of the three. */
export interface VersionOptions {
  readonly v1?: boolean
  readonly v2?: boolean
  readonly hybrid?: boolean
}

/** What was asked for; `undefined` when nothing was. */
export function versionOf({ v1, v2, hybrid }: VersionOptions): MetainfoVersion | undefined {
  if (v1 === true) return 'v1'
  if (v2 === true) return 'v2'
  return hybrid === true ? 'hybrid' : undefined
}
