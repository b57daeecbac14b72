// The ids under which we want to receive extension messages (BEP 10). One table for whoever speaks on a connection: a connection
// that fetched metadata is handed to the swarm later, and its peer must not learn new numbers.

import { EXTENSION_NAMES } from '@torrential/protocol'

export const EXTENSION_IDS = {
  /** ut_metadata (BEP 9) */
  metadata: 1,
} as const

/** Our `m` entry for ut_metadata. */
export const METADATA_EXTENSION: readonly [string, number] = [EXTENSION_NAMES.metadata, EXTENSION_IDS.metadata]
