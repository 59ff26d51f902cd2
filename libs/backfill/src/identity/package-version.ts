/** The version in package.json. A constant, because CommonJS and ES modules find files in different ways. */
export const PACKAGE_VERSION = '0.1.0';
