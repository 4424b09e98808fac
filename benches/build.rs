//! Builds the peers' C, where it is asked for.

fn main() {
    #[cfg(feature = "xmlsec")]
    peer::build("xmlsec1-openssl", "signing/xmlsec.c");
    #[cfg(feature = "libxml2")]
    peer::build("libxml-2.0", "verifying/xmlschema.c");
}

#[cfg(any(feature = "xmlsec", feature = "libxml2"))]
mod peer {
    pub fn build(library: &str, source: &str) {
        println!("cargo::rerun-if-changed={source}");
        let found = match pkg_config::Config::new().probe(library) {
            Ok(found) => found,
            Err(error) => {
                println!(
                    "cargo::error={library}'s headers are missing (tests/setup --bench): {error}"
                );
                return;
            }
        };
        let mut build = cc::Build::new();
        build.file(source).opt_level(2);
        for path in found.include_paths {
            build.include(path);
        }
        for (name, value) in found.defines {
            build.define(&name, value.as_deref());
        }
        build.compile(&format!(
            "tongguan_bench_{}",
            source.replace(['/', '.'], "_")
        ));
    }
}
