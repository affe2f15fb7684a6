"""Cities, names, departments."""

from collections import namedtuple

City = namedtuple("City", "name state code country lat lon offset office")

CITIES = {
    "emea": [
        City("Berlin", "Berlin", "DE", "Germany", 52.52, 13.405, 2, "203.0.113.10"),
        City("London", "England", "GB", "United Kingdom", 51.5074, -0.1278, 1, "203.0.113.20"),
        City("Madrid", "Madrid", "ES", "Spain", 40.4168, -3.7038, 2, "203.0.113.30"),
        City("Warsaw", "Mazowieckie", "PL", "Poland", 52.2297, 21.0122, 2, "203.0.113.40"),
    ],
    "amer": [
        City("New York", "New York", "US", "United States", 40.7128, -74.006, -4, "203.0.113.110"),
        City("Austin", "Texas", "US", "United States", 30.2672, -97.7431, -5, "203.0.113.120"),
        City("Toronto", "Ontario", "CA", "Canada", 43.6532, -79.3832, -4, "203.0.113.130"),
    ],
    "apac": [
        City("Singapore", "Singapore", "SG", "Singapore", 1.3521, 103.8198, 8, "203.0.113.210"),
        City("Sydney", "New South Wales", "AU", "Australia", -33.8688, 151.2093, 10, "203.0.113.220"),
        City("Bengaluru", "Karnataka", "IN", "India", 12.9716, 77.5946, 5.5, "203.0.113.230"),
    ],
}
# Where nobody works.
ABROAD = {
    "Lagos": City("Lagos", "Lagos", "NG", "Nigeria", 6.5244, 3.3792, 1, "192.0.2.10"),
    "Bucharest": City("Bucharest", "Bucuresti", "RO", "Romania", 44.4268, 26.1025, 3, "192.0.2.20"),
    "Sao Paulo": City("Sao Paulo", "Sao Paulo", "BR", "Brazil", -23.5505, -46.6333, -3, "192.0.2.30"),
    "Jakarta": City("Jakarta", "Jakarta", "ID", "Indonesia", -6.2088, 106.8456, 7, "192.0.2.40"),
}

# department: (people of each region), titles
DEPARTMENTS = {
    "it": ((12, 9, 5), ("Systems Engineer", "Network Engineer", "Service Desk Analyst")),
    "security": ((6, 4, 2), ("Security Analyst", "Security Engineer")),
    "engineering": ((24, 18, 10), ("Software Engineer", "Site Reliability Engineer", "QA Engineer")),
    "support": ((11, 11, 8), ("Support Engineer", "Support Specialist")),
    "finance": ((20, 10, 6), ("Accountant", "Controller", "Payroll Specialist")),
    "sales": ((12, 14, 6), ("Account Executive", "Sales Engineer")),
    "hr": ((6, 5, 3), ("HR Partner", "Recruiter")),
    "operations": ((8, 6, 4), ("Logistics Planner", "Facilities Coordinator")),
}
CONTRACTOR_DEPARTMENTS = ("operations", "sales", "finance", "hr", "it", "engineering")
PARTNERS = ("cobalt-audit.example", "harborline.example", "mintleaf.example", "oxbow.example")
REGIONS = ("emea", "amer", "apac")

FIRST = (
    "Ada Amara Anders Anika Arjun Asha Ben Bianca Bruno Carla Chen Clara Daniel Dario Diana Elena Elif Emil Erik Esther "
    "Farah Felix Fiona Gabriel Grace Greta Hana Hugo Ines Irene Ivan Jana Jonas Julia Kai Karim Katja Kenji Lara Leo "
    "Lin Lucia Magda Marco Maya Mei Milan Mina Nadia Niko Nora Olga Omar Oscar Paula Petra Priya Rafael Ravi Rosa Samir "
    "Sara Sofia Stefan Tariq Tessa Theo Uma Vera Victor Wei Yara Yusuf Zoe"
).split()
LAST = (
    "Abbott Alvarez Andersson Bakker Banerjee Becker Bianchi Brandt Castro Chandra Costa Dahl Demir Dubois Eriksen Farkas "
    "Fischer Fontaine Garcia Ghosh Greco Haddad Hansen Hoffmann Ito Ivanova Jansen Kaur Keller Kim Kowalski Kumar Lange "
    "Larsen Lehmann Lopez Marino Mbeki Meyer Moreau Mori Nakamura Navarro Nguyen Novak Okafor Olsen Ortiz Park Patel "
    "Petrov Popescu Quinn Rao Reyes Ricci Rossi Santos Sato Schmidt Silva Singh Sorensen Suzuki Tanaka Torres Tran Vargas "
    "Vogel Wagner Walsh Weber Wilson Wong Yilmaz Zhang Zielinski"
).split()
