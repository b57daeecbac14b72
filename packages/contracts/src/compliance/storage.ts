// What every Storage does, whatever it keeps its bytes in.

import type { Geometry } from '@torrential/primitives'
import type { Storage } from '../storage.ts'
import type { ComplianceCase } from './compliance-case.ts'
import type { StorageBody } from './storage-bench.ts'
import { byteCases } from './storage-byte-cases.ts'
import { callCases, ownedCases } from './storage-call-cases.ts'

/** A fresh, empty storage for the files of `geometry`; the case disposes it. */
export type MakeStorage = (geometry: Geometry) => Promise<Storage> | Storage

export interface StorageComplianceOptions {
  /** Reads may be views of a cache, which the caller must not change. @default false */
  readonly sharedReads?: boolean
}

/** The suite for `Storage`. `make` is called once per case. */
export function storageCompliance(
  make: MakeStorage,
  options: StorageComplianceOptions = {},
): readonly ComplianceCase[] {
  const bodies = { ...byteCases, ...callCases, ...(options.sharedReads !== true && ownedCases) }
  return Object.entries(bodies).map(([name, body]) => ({ name, run: () => withStorage(make, body) }))
}

async function withStorage(make: MakeStorage, body: StorageBody): Promise<void> {
  const geometry = body.geometry()
  const storage = await make(geometry)
  try {
    await body.run({ storage, geometry })
  } finally {
    await storage[Symbol.asyncDispose]()
  }
}
