use tongguan_core::Registry;

/// The parts that are built into this program. The core knows none of them by name.
pub fn built_in() -> Registry {
    let mut registry = Registry::default();
    registry.role("ecommerce", tongguan_role_ecommerce::build);
    registry.signer("software", tongguan_signer_software::build);
    registry.transport("directory", tongguan_transport_directory::build);
    registry.transport("amqp", tongguan_transport_amqp::build);
    registry
}
