// Which tracker is next (BEP 12). Trackers form groups; of each group one is kept announced to: all tiers together are one group
// (the first tracker that works, tier by tier), or every tier is a group, or every tracker.

import type { TierList } from './tier-list.ts'
import type { TrackerEntry } from './tracker-entry.ts'

export type AnnounceMode = 'first-tier' | 'all-tiers' | 'all-trackers'

export interface AnnounceGroup {
  /** The same object for the same group, for as long as it exists. */
  readonly key: object
  /** In the order in which they are tried. */
  readonly entries: readonly TrackerEntry[]
}

export function groupsOf(list: TierList, mode: AnnounceMode): AnnounceGroup[] {
  switch (mode) {
    case 'first-tier':
      return [{ key: list, entries: list.tiers.flat() }]
    case 'all-tiers':
      return list.tiers.map((tier) => ({ key: tier, entries: tier }))
    case 'all-trackers':
      return list.tiers.flat().map((entry) => ({ key: entry, entries: [entry] }))
    default:
      return mode satisfies never
  }
}

/** When the group wants an announce: when its working tracker does, or, if none works, the first whose back-off ends. */
export function dueAt(entries: readonly TrackerEntry[]): number {
  let earliest = Number.POSITIVE_INFINITY
  for (const entry of entries) {
    if (entry.disabled) continue
    if (entry.working) return entry.nextAt
    earliest = Math.min(earliest, entry.nextAt)
  }
  return earliest
}

/** The tracker to ask now; undefined once one works and is not due, or when all that are left back off. */
export function nextEntry(entries: readonly TrackerEntry[], now: number): TrackerEntry | undefined {
  for (const entry of entries) {
    if (entry.disabled) continue
    if (entry.nextAt <= now) return entry
    if (entry.working) return undefined
  }
  return undefined
}
