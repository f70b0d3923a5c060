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

const mark = /^issuer=([^;]*);/

/** The signature as a wire whose own signatures are `own`'s carries it; empty for none. */
export const write = (
  { issuer, signature }: { readonly [K in keyof Signed]?: string | undefined },
  own: ProtocolId
): string =>
  signature === undefined || signature === "" ? "" : issuer === own ? signature : `issuer=${issuer ?? ""};${signature}`

/** What `write` was given. */
export const read = (signature: string, own: ProtocolId): Signed => {
  if (signature === "") return {}
  const marked = mark.exec(signature)
  if (marked === null) return { signature, issuer: own }
  const [whole, issuer] = marked
  return { signature: signature.slice(whole.length), ...(issuer === undefined || issuer === "" ? {} : { issuer }) }
}

/** Whether what stands for a signature is nobody's, or somebody else's: the wire's own provider would refuse it. */
export const isForeign = (signature: string): boolean => signature === "" || mark.test(signature)
