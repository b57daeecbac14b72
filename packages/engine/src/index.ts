export type { Action, EngineEvent, Upload } from './action.ts'
