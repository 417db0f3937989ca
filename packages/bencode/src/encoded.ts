/** What `encode` asks a value for, so that who only encodes need not carry the decoder. */
export const ENCODED: unique symbol = /* @__PURE__ */ Symbol("bencode");
