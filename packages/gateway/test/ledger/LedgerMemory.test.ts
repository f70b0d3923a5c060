import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import { conforms } from "./conformance.ts"

conforms("LedgerMemory", LedgerMemory.layer)
