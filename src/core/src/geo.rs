//! Distances on the globe.

/// The mean radius of the Earth (IUGG), in kilometres.
const RADIUS_KM: f64 = 6371.0088;

/// Kilometres between two places given in degrees, by the haversine formula; `None` when a place is not on the globe.
pub fn distance_km(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> Option<f64> {
    // Written so that NaN is refused, too.
    let on_globe = |lat: f64, lon: f64| lat.abs() <= 90.0 && lon.abs() <= 180.0;
    if !on_globe(lat1, lon1) || !on_globe(lat2, lon2) {
        return None;
    }
    let (phi1, phi2) = (lat1.to_radians(), lat2.to_radians());
    let half_chord = ((phi2 - phi1) / 2.0).sin().powi(2)
        + phi1.cos() * phi2.cos() * ((lon2 - lon1).to_radians() / 2.0).sin().powi(2);
    Some(2.0 * RADIUS_KM * half_chord.sqrt().min(1.0).asin())
}

#[cfg(test)]
mod tests {
    use super::distance_km;

    #[test]
    fn known_distances() {
        let near = |actual: Option<f64>, expected: f64| (actual.unwrap() - expected).abs() < expected * 0.001 + 1e-9;
        assert!(near(distance_km(52.52, 13.405, 40.7128, -74.006), 6385.0));
        assert!(near(distance_km(0.0, 0.0, 0.0, 180.0), std::f64::consts::PI * 6371.0088));
        assert!(near(distance_km(0.0, 179.5, 0.0, -179.5), 111.195));
        assert_eq!(distance_km(10.0, 20.0, 10.0, 20.0), Some(0.0));
    }

    #[test]
    fn what_is_not_on_the_globe() {
        for place in [(90.1, 0.0), (0.0, -180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(distance_km(place.0, place.1, 0.0, 0.0), None);
            assert_eq!(distance_km(0.0, 0.0, place.0, place.1), None);
        }
    }
}
