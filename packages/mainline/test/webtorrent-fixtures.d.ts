/** The part we use of a package that comes without types. */
declare module 'webtorrent-fixtures' {
  interface Fixture {
    readonly torrentPath: string;
    readonly contentPath: string;
    readonly magnetURI: string;
    readonly parsedTorrent: { readonly infoHash: string; readonly name: string; readonly private?: boolean };
  }
  type Name = 'leaves' | 'alice' | 'folder' | 'numbers' | 'lotsOfNumbers' | 'bunny' | 'sintel' | 'corrupt';
  const fixtures: Readonly<Record<Name, Fixture>>;
  export default fixtures;
}
