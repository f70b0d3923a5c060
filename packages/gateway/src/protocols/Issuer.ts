/**
 * Reasoning signed by one provider, on a wire that has a place for a signature and none for who signed it. The wire's
 * own signatures stand as they are; those of others are marked with their issuer's name in a way that no signature
 * begins (they are base64), so that they are told apart when they come back: a signature returns to its issuer only.
 */
import type { ProtocolId } from "./Protocol.ts"

export interface Signed {
  readonly signature?: string
  readonly issuer?: string
}

type MaybeSigned = { readonly [K in keyof Signed]?: string | undefined }

const mark = /^issuer=([^;]*);/

/** A signature that is marked whoever issued it; with none, the mark of nobody. */
export const marked = ({ issuer, signature }: MaybeSigned): string => `issuer=${issuer ?? ""};${signature ?? ""}`

/**
 * The signature as a wire whose own signatures are `own`'s carries it. Never empty: where nobody signed, that is what
 * the mark says, as some providers leave their own reasoning unsigned and want it back.
 */
export const write = (signed: MaybeSigned, own: ProtocolId): string => {
  const { issuer, signature = "" } = signed
  return signature !== "" && issuer === own ? signature : marked(signed)
}

/** What was written. */
export const read = (signature: string, own: ProtocolId): Signed => {
  const [whole, issuer] = mark.exec(signature) ?? ["", own]
  const rest = signature.slice(whole.length)
  if (rest === "") return {}
  return { signature: rest, ...(issuer === undefined || issuer === "" ? {} : { issuer }) }
}

/** Whether what stands for a signature is marked: no provider would know it. */
export const isMarked = (signature: string): boolean => mark.test(signature)
